"""What HTTP says, as functions of values: headers, cookies, answers, origins and path patterns."""
