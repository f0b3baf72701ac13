"""Figures of the service in the form that Prometheus reads: requests, their times, jobs, automation."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parkdispatch.operations.jobs.job_store import JobStore

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from parkdispatch.operations.automation.automation_loop import AutomationLoop

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")
NO_ROUTE = "none"  # of requests that no route answers, whatever their address


class ServiceMetrics:
    """The figures of one application."""

    def __init__(self, jobs: JobStore, automation: "AutomationLoop | None") -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "parkdispatch_requests",
            "Requests by method, route and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "parkdispatch_request_seconds",
            "Time of an answer by route",
            ("route",),
            registry=self.registry,
            buckets=SECONDS,
        )
        self.registry.register(_StateCollector(jobs, automation))


class _StateCollector(Collector):
    """What is asked for when the figures are read: jobs by state, problems of automation."""

    def __init__(self, jobs: JobStore, automation: "AutomationLoop | None") -> None:
        self._jobs, self._automation = jobs, automation

    def collect(self) -> "Iterator[Metric]":
        """The figures now."""
        jobs = GaugeMetricFamily("parkdispatch_jobs", "Jobs by state", labels=["state"])
        counts = self._jobs.counts()
        for state in JOB_STATES:
            jobs.add_metric([state], counts.get(state, 0))
        yield jobs
        if self._automation is not None:
            problems = len(self._automation.problems)
            yield GaugeMetricFamily("parkdispatch_automation_problems", "What does not work", value=problems)


class MeasuredRequests:
    """Middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), "500"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            self.metrics.requests.labels(scope["method"], route, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - started)
