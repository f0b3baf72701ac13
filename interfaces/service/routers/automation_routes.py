"""What runs by itself: its rules, what it has done in the last days, and what does not work."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.job_submission import job_content
from parkdispatch.interfaces.service.problem_details import reader_language, said
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.operations.automation.automation_loop import AutomationLoop
from parkdispatch.operations.automation.park_knowledge import REMEMBERED

automation_router = APIRouter(tags=["automation"])
Reader = Annotated[TokenUser, Depends(current_user("read"))]


@automation_router.get("/automation")
def automation(request: Request, user: Reader) -> dict[str, Any]:
    """The jobs of automation in the last days at the sites that the token sees, and what does not work."""
    service, lang = service_of(request), reader_language(request)
    loop: AutomationLoop | None = request.app.state.automation
    problems = {} if loop is None else loop.problems
    names = [site for site, _ in service.cases.all_sites() if user.sees(site)]
    jobs = service.jobs.jobs(since=now() - REMEMBERED, limit=1000)
    return {
        "is_running": loop is not None,
        "problems": {
            about: said(text.splitlines(), lang)
            for about, text in problems.items()
            if about.split(" ")[0] in names or not user.sites
        },
        "jobs": [job_content(service, job, lang, details=False) for job in jobs if user.sees(job.site)],
    }
