"""A stand-in for the process of a job, which takes no time: its variant says what it does."""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Do what the words of the job say: `hang`, `crash`, `refuse`, or write the files of a run."""
    folder = Path(sys.argv[1])
    words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
    wish = next((word.partition("=")[2] for word in words if word.startswith("--variant=")), "")
    (folder / "steps.txt").write_text("reading inputs\n", encoding="utf-8")
    if wish == "hang":
        time.sleep(60)
    if wish == "crash":
        os.abort()
    code, problems = 0, []
    if wish == "refuse":
        code, problems = 2, ["argument `quality` = good: must be one of measured, estimated, substituted"]
    out = folder / "out"
    (out / "summary.json").write_text(json.dumps({"words": words}), encoding="utf-8")
    (out / "report.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    outcome = {"exit_code": code, "problems": problems, "warnings": []}
    (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    sys.exit(code)


if __name__ == "__main__":
    main()
