"""Runs layers around an application: the rules are in docs/architecture.md."""
