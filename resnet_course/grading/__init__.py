"""Assignments handed out and a class graded: release, read, judge in a sandbox, tables and feedback.

An answer is never trusted. Host and sandbox share nothing but a pipe: the modules of `inside` run in
the sandbox, all others outside, and no student's code ever runs in a process that decides on marks.
"""
