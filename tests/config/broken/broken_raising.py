raise RuntimeError("the database is gone")
