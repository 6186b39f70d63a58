"""What runs in the sandbox: a warden that never runs a student's code, and forks of it that do."""
