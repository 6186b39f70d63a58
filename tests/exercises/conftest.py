"""The bank's kill rate and false alarms, in the summary of every run that touched it."""


def pytest_terminal_summary(terminalreporter):
    reports = [
        r
        for kind in ("passed", "failed")
        for r in terminalreporter.stats.get(kind, [])
        if r.when == "call"
    ]
    for words, name in (
        (
            "wrong answers rejected by the self-check, with the words that fit",
            "is_told_its_fault_by_the_self_check",
        ),
        ("wrong answers rejected by the hidden tests", "fails_the_hidden_tests_by_themselves"),
        ("right answers in other words accepted by both", "passes_self_check_and_hidden_tests"),
    ):
        if mine := [r for r in reports if "test_bank.py" in r.nodeid and name in r.nodeid]:
            passed = sum(r.passed for r in mine)
            terminalreporter.write_line(
                f"bank: {passed} of {len(mine)} {words} ({100 * passed / len(mine):.0f} %)"
            )
