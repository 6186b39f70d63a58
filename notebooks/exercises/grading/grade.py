"""Grade a folder of submissions: repair, run in sandboxes, grade with nbgrader, write feedback and CSV.

    python notebooks/exercises/grading/grade.py SUBMISSIONS [--out grades] [--assignment 02_the_block]

SUBMISSIONS holds a folder a student (STUDENT/x.ipynb, STUDENT/ASSIGNMENT/x.ipynb) or a file (STUDENT.ipynb). Every
one of them appears in the CSV, whatever is in it.
"""

import argparse
import csv
import os
import re
import shutil
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import nbformat
from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    GetGrades,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)

import release
import repair
from sandbox import Limits, Sandbox, error

RECORDS = ("student", "file", "points", "maximum", "percent", "state")


@dataclass
class Submission:
    """A student's work on its way: the file it came from, the notebook made of it, what was mended, its outputs."""

    student: str
    name: str  # the student as nbgrader may call a folder
    path: Path | None
    notebook: nbformat.NotebookNode | None = None
    mended: list[str] = field(default_factory=list)
    readable: bool = True
    outputs: list[list[dict]] = field(default_factory=list)


def find(folder: Path) -> list[Submission]:
    """Every student of a folder, with the notebook that counts. Raises ValueError when there is none."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            # Moodle calls a folder `Name_123_assignsubmission_file_`
            found.setdefault(re.sub(r"_\d+_assignsubmission_file_?$", "", path.name), []).extend(
                p
                for p in sorted(path.rglob("*.ipynb"))
                if ".ipynb_checkpoints" not in p.parts and p.is_file()
            )
        elif (
            path.suffix == ".ipynb" and path.is_file()
        ):  # Canvas calls a file `name_123_456_assignment.ipynb`
            found.setdefault(re.sub(r"(_LATE)?_\d+_\d+_.*$", "", path.stem), []).append(path)
    if not found:
        raise ValueError(
            f"there is no submission in {folder}: a folder or an .ipynb file a student is expected"
        )
    names: dict[str, str] = {}
    for student in found:
        name = re.sub(r"[^\w.@-]", "_", student) or "_"
        while name in names.values():
            name += "_"
        names[student] = name
    return [
        Submission(s, names[s], max(p, key=lambda p: p.stat().st_mtime, default=None))
        for s, p in found.items()
    ]


def guess(submissions: list[Submission], sources: dict[str, nbformat.NotebookNode]) -> str:
    """The assignment most of the readable notebooks answer. Raises ValueError when none of them does."""
    votes = dict.fromkeys(sources, 0)
    wanted = {
        slug: {repair.grade_id(c) for c in nb.cells if repair.is_answer(c)}
        for slug, nb in sources.items()
    }
    for submission in submissions:
        names: set[str] = set()
        try:
            for cell in repair.read(submission.path).cells if submission.path else ():
                names |= repair.defined(cell.source) if cell.cell_type == "code" else set()
        except ValueError:
            continue
        best = max(sources, key=lambda slug: len(wanted[slug] & names))
        votes[best] += bool(wanted[best] & names)
    if not any(votes.values()):
        raise ValueError(
            "no notebook answers a known assignment; name it: make grade SUBMISSIONS=… ASSIGNMENT=…"
        )
    return max(votes, key=votes.get)


def mend(submission: Submission, source: nbformat.NotebookNode, handed_out: dict[str, str]) -> None:
    """Give a submission its repaired notebook; one that cannot be read becomes the untouched assignment."""
    read = nbformat.NotebookNode(cells=[])
    try:
        if submission.path is None:
            raise ValueError("no notebook was handed in")
        read = repair.read(submission.path)
    except ValueError as fault:
        submission.readable, submission.mended = False, [str(fault)]
    submission.notebook, mended = repair.repaired(read, source, handed_out)
    if submission.readable:
        submission.mended = mended
    if submission.mended:
        title = (
            "What was mended before grading" if submission.readable else "This could not be graded"
        )
        text = "\n".join(
            [f"**{title}**", "", *(f"- {line.replace('`', '')}" for line in submission.mended)]
        )
        submission.notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text, id="mended"))


def run_all(submissions: list[Submission], processes: int, limits: Limits, accept: bool) -> str:
    """Run every notebook in a few warm sandboxes; what held them, in words. Raises ValueError if too little does."""
    boxes: SimpleQueue[Sandbox] = SimpleQueue()
    with ThreadPoolExecutor(processes) as pool:
        started = list(pool.map(lambda _: Sandbox(), range(processes)))
    isolated = all(box.isolated for box in started)
    if not isolated and not accept:
        for box in started:
            box.close()
        raise ValueError(
            "this machine offers no namespaces, so students' code could read your files and reach the network. Grade "
            "on a Linux machine that allows user namespaces, or in a container of your own, or say "
            "--accept-limits-only to run with limits of time and memory alone"
        )
    for box in started:
        boxes.put(box)

    def one(submission: Submission) -> None:
        box, cells = (
            boxes.get(),
            [cell.source for cell in submission.notebook.cells if cell.cell_type == "code"],
        )
        try:
            submission.outputs = box.run(cells, limits)
        except RuntimeError as fault:  # this notebook is lost, the next gets a new sandbox
            submission.outputs = [[error("SandboxError", str(fault))]] * len(cells)
            box = Sandbox()
        finally:
            boxes.put(box)
        print(f"  {submission.student}: run", flush=True)

    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(one, submissions))
    while not boxes.empty():
        boxes.get().close()
    walls = (
        "own read-only file system, no network, own processes, no privileges; " if isolated else ""
    )
    return (
        f"{walls or 'NO ISOLATION of files and network; '}limits: {limits.cell} s a cell, {limits.notebook} s a "
        f"notebook, {limits.memory} MiB, {limits.processes} processes"
    )


def pasting(outputs: dict[str, list[list[dict]]]) -> type[NbGraderPreprocessor]:
    """nbgrader's step of running a notebook, with the outputs it had in its sandbox."""

    class Paste(NbGraderPreprocessor):
        def preprocess(self, notebook, resources):
            cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
            seen = outputs.get(resources["nbgrader"]["student"], [])
            missing = [[error("SandboxError", "this cell was not run")]] * len(
                cells
            )  # nothing is graded unrun
            for cell, shown in zip(
                cells, seen if len(seen) == len(cells) else missing, strict=True
            ):
                cell.outputs = [nbformat.from_dict(output) for output in shown]
                for output in cell.outputs:
                    if output.output_type == "error" and cell.metadata.get("nbgrader", {}).get(
                        "grade"
                    ):
                        # The lines of a traceback would show the hidden tests to whoever gets the feedback.
                        output.traceback = [f"{output.ename}: {output.evalue or 'a test fails'}"]
            return notebook, resources

    return Paste


def grade(submissions: list[Submission], slug: str, root: Path) -> None:
    """nbgrader's autograding and feedback, in its own folders under `root`, for notebooks that have been run."""
    warnings.filterwarnings("ignore", module="nbgrader")  # on its own way with its own database
    config = release.course(root)
    config.CourseDirectory.assignment_id = slug
    for submission in submissions:
        folder = root / "submitted" / submission.name / slug
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(submission.notebook, folder / f"{slug}.ipynb")
    config.Autograde.force = config.GenerateFeedback.force = True
    config.Autograde.autograde_preprocessors = [
        pasting({s.name: s.outputs for s in submissions}),
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]
    config.ClearHiddenTests.enforce_metadata = False
    for converter in (Autograde, GenerateFeedback):
        made = converter(coursedir=CourseDirectory(config=config), config=config)
        made.log.setLevel(40)
        made.start()


def safe(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write_tables(
    submissions: list[Submission], slug: str, order: list[str], root: Path
) -> list[dict]:
    """grades.csv (all we know), canvas.csv and moodle.csv (as those import them); the rows of the first."""
    rows = []
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        for s in submissions:
            try:
                notebook = book.find_submission_notebook(slug, slug, s.name)
            except Exception as fault:
                raise RuntimeError(f"{s.student} is not in the gradebook: {fault}") from None
            tasks = dict.fromkeys(order, 0.0)
            for g in (
                notebook.grades
            ):  # `test-TASK`, `test-TASK-what` or, for an answer in words, `TASK`
                tasks[g.name.removeprefix("test-").split("-")[0]] += g.score
            unread = sorted(g.name for g in notebook.grades if g.needs_manual_grade)
            state = f"to be read: {', '.join(unread)}" if unread else "graded"
            row = {
                "student": safe(s.student),
                "file": s.path.name if s.path else "",
                "points": notebook.score,
            }
            row |= {
                "maximum": notebook.max_score,
                "percent": round(100 * notebook.score / notebook.max_score, 1),
            }
            row |= {"state": state if s.readable else "unreadable", "mended": " | ".join(s.mended)}
            rows.append({**row, "tasks": tasks})
    tasks = list(rows[0]["tasks"])
    title = " ".join(slug.split("_")).capitalize()
    with open(root / "grades.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*RECORDS, *tasks, "mended"])
        table.writerows(
            [*(r[k] for k in RECORDS), *r["tasks"].values(), safe(r["mended"])] for r in rows
        )
    with open(root / "canvas.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title])
        table.writerow(["    Points Possible", "", "", "", "", rows[0]["maximum"]])
        table.writerows([r["student"], "", "", r["student"], "", r["points"]] for r in rows)
    with open(root / "moodle.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["username", title, f"{title} (feedback)"])
        table.writerows([r["student"], r["points"], safe(r["mended"])] for r in rows)
    return rows


def grade_folder(
    folder: Path,
    out: Path,
    slug: str | None = None,
    processes: int = 2,
    limits: Limits | None = None,
    accept_limits_only: bool = False,
) -> tuple[Path, list[dict]]:
    """Grade a folder of submissions into out/ASSIGNMENT; that folder and the rows of grades.csv.

    Raises ValueError when there is nothing to grade, the assignment cannot be told or nothing isolates here.
    """
    began = time.monotonic()
    sources = {
        s: nbformat.read(release.SOURCE / s / f"{s}.ipynb", as_version=4)
        for s in release.assignments()
    }
    submissions = find(folder)
    slug = slug or guess(submissions, sources)
    if slug not in sources:
        raise ValueError(f"there is no assignment {slug}; there are {', '.join(sources)}")
    root = out.absolute() / slug
    root.mkdir(parents=True, exist_ok=True)
    for earlier in ("submitted", "autograded", "feedback"):
        shutil.rmtree(root / earlier, ignore_errors=True)
    released = nbformat.read(release.generate(slug, root), as_version=4)
    handed_out = {repair.grade_id(c): c.source for c in released.cells}
    for submission in submissions:
        mend(submission, sources[slug], handed_out)
    print(
        f"{slug}: {len(submissions)} submissions, {sum(bool(s.mended) for s in submissions)} of them mended"
    )
    held = run_all(
        submissions, min(processes, len(submissions)), limits or Limits(), accept_limits_only
    )
    ran = time.monotonic()
    grade(submissions, slug, root)
    order = [repair.grade_id(cell) for cell in sources[slug].cells if repair.is_answer(cell)]
    rows = write_tables(submissions, slug, order, root)
    print(f"sandbox: {held}")
    print(
        f"ran in {ran - began:.0f} s, graded in {time.monotonic() - ran:.0f} s; grades, feedback and CSV in {root}"
    )
    return root, rows


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("submissions", type=Path)
    parser.add_argument("--out", type=Path, default=release.ROOT / "grades")
    parser.add_argument("--assignment")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--cell-seconds", type=int, default=Limits.cell)
    parser.add_argument("--memory", type=int, default=Limits.memory, help="MiB")
    parser.add_argument(
        "--accept-limits-only", action="store_true", help="run even where nothing isolates"
    )
    options = parser.parse_args()
    limits = Limits(cell=options.cell_seconds, memory=options.memory)
    try:
        if not options.submissions.is_dir():
            raise ValueError(f"{options.submissions} is no folder")
        _, rows = grade_folder(
            options.submissions,
            options.out,
            options.assignment or None,
            options.processes,
            limits,
            options.accept_limits_only,
        )
    except ValueError as fault:
        sys.exit(f"grade: {fault}")
    for row in rows:
        score = f"{row['points']:5.1f} of {row['maximum']:.0f}"
        print(f"  {row['student']:<24} {score}  {row['state']:<11} {row['mended'][:90]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
