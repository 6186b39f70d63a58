"""nbgrader's view of the assignments. The root is absolute, because nbgrader reads this file from the current folder."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
c = get_config()  # noqa: F821, nbgrader defines it

c.CourseDirectory.root = str(HERE)
c.CourseDirectory.course_id = "resnet-course"
c.CourseDirectory.source_directory = "source"
c.CourseDirectory.release_directory = "release"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # your answer here"}
c.ClearSolutions.begin_solution_delimeter = "### BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "### END SOLUTION"
c.ClearHiddenTests.begin_test_delimeter = "### BEGIN HIDDEN TESTS"
c.ClearHiddenTests.end_test_delimeter = "### END HIDDEN TESTS"
