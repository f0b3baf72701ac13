"""One step of an interruptible load: its declaration, its rules for one interval, and their recomputation."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.calendar.calendar_period import largest_sum, sum_so_far
from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.device import Array, Fraction
from parkdispatch.models.limits import LARGEST_PRICE_YUAN_PER_MWH, PositivePower
from parkdispatch.models.vocabulary import Expr, Interval

LONG_H = 8760.0  # so long ago that no rule looks further back
LONGEST_RULE_H = 744.0  # a month
ROUNDING = 1e-9  # of an interval

RuleHours = Annotated[float, Field(ge=0, le=LONGEST_RULE_H)]


class ShedStep(Declaration):
    """A part of the demand that can be shed, with its price and the limits on its events."""

    power_mw: PositivePower | None = declared(
        "MW", "Size of the step; left out where `share` is given", default=None
    )
    share: Annotated[float, Field(gt=0, le=1)] | None = declared(
        "-", "Size of the step as a share of the demand; left out where `power_mw` is given", default=None
    )
    price_yuan_per_mwh: Annotated[float, Field(ge=0, le=LARGEST_PRICE_YUAN_PER_MWH)] = declared(
        "yuan/MWh", "Cost of each MWh that is shed"
    )
    divisible: bool = declared(
        "-", "Whether a part of the step may be shed; false: all of it or nothing", ASSUMED, False
    )
    max_hours_per_day: Annotated[float, Field(gt=0, le=24)] = declared(
        "h", "Hours of each day in which it may be shed at most", ASSUMED, 24.0
    )
    max_events_per_month: Annotated[int, Field(ge=1, le=10_000)] | None = declared(
        "-", "Events that may begin in each month at most; left out: no limit", default=None
    )
    max_event_hours: Annotated[float, Field(gt=0, le=LONGEST_RULE_H)] | None = declared(
        "h", "Longest event; left out: no limit", default=None
    )
    notice_hours: RuleHours = declared(
        "h", "Hours from the beginning of the horizon in which no event begins: notice is given by the plan",
        ASSUMED, 0.0,
    )  # fmt: skip
    recovery_hours: RuleHours = declared("h", "Hours between two events at least", ASSUMED, 0.0)
    catch_up_share: Fraction = declared(
        "-", "Share of the energy shed that is drawn later, until the end of the horizon", ASSUMED, 0.0
    )
    catch_up_hours: RuleHours = declared(
        "h", "Hours within which it is drawn, at no more than the size of the step", ASSUMED, 0.0
    )
    shed_hours_before: RuleHours = declared(
        "h", "Hours that an event has lasted when the horizon begins; 0: none is under way", ASSUMED, 0.0
    )
    rested_hours_before: Annotated[float, Field(ge=0, le=LONG_H)] = declared(
        "h", "Hours since the last event when the horizon begins", ASSUMED, LONG_H
    )
    events_before: Annotated[int, Field(ge=0, le=10_000)] = declared(
        "-", "Events that began in the month before the horizon", ASSUMED, 0
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        if (self.power_mw is None) == (self.share is None):
            both = "not both `power_mw` and" if self.share is not None else "either `power_mw` or"
            problems.append(f"must have {both} `share`")
        if (self.catch_up_share > 0) != (self.catch_up_hours > 0):
            problems.append(
                f"catch_up_hours = {self.catch_up_hours:.15g}: must be above 0 where `catch_up_share` is,"
                f" which is {self.catch_up_share:.15g}, and only there"
            )
        if self.max_events_per_month is not None and self.events_before > self.max_events_per_month:
            problems.append(
                f"events_before = {self.events_before}: must be at most {self.max_events_per_month}, the"
                " `max_events_per_month`"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def size_mw(self, demand_mw: Any) -> Any:
        """Size of the step at that demand [MW]: an array, or an expression."""
        return self.power_mw if self.share is None else self.share * demand_mw

    def history(self, hours: float) -> list[float]:
        """Whether the step was shed in each interval before the horizon, the latest last."""
        if self.shed_hours_before > 0:
            return [0.0] + [1.0] * _intervals(self.shed_hours_before, hours)
        if self.rested_hours_before >= max(self.recovery_hours, hours):
            return [0.0]
        return [1.0] + [0.0] * _intervals(self.rested_hours_before, hours)

    def write(self, block: Any, interval: Interval, name: str, demand_mw: Expr) -> Expr:
        """Write the rules of the step, and return its shed and its caught-up power [MW]."""
        hours, size_mw = interval.hours, self.size_mw(demand_mw)
        shed_mw = _add(block, f"{name}_shed_mw", pyo.Var(bounds=(0, size_mw)))
        least_mw = 0.0 if self.divisible else size_mw
        history = self.history(hours)
        event = interval.committed(
            name, shed_mw, least_mw, size_mw, min_down_h=self.recovery_hours, history=history
        )
        interval.total(f"{name}_hours", event.on * hours, "day", upper=self.max_hours_per_day)
        if self.max_events_per_month is not None:
            most, before = float(self.max_events_per_month), float(self.events_before)
            interval.total(f"{name}_events", event.start, "month", upper=most, before=before)
        if self.max_event_hours is not None:
            longest = int(self.max_event_hours / hours + ROUNDING)
            lately = interval.recent_sum(event.on, (longest + 1) * hours, history)
            _add(block, f"{name}_longest", pyo.Constraint(expr=lately <= longest))
        if self.notice_hours > 0:
            # one in the first intervals, zero afterwards
            zero = _add(block, f"{name}_noticed", pyo.Var(bounds=(0, 0)))
            early = interval.previous(zero, initial=1.0, steps=_intervals(self.notice_hours, hours))
            _add(block, f"{name}_notice", pyo.Constraint(expr=event.start + early <= 1))
        if not self.catch_up_share:
            return shed_mw, 0.0
        return shed_mw, self._write_catch_up(block, interval, name, shed_mw, event.on, size_mw)

    def _write_catch_up(
        self, block: Any, interval: Interval, name: str, shed_mw: Expr, on: Expr, size_mw: Expr
    ) -> Expr:
        """Draw later what was shed; return the power of it [MW]."""
        caught_mw = _add(block, f"{name}_caught_up_mw", pyo.Var(bounds=(0, size_mw)))
        backlog_mwh = _add(block, f"{name}_backlog_mwh", pyo.Var(bounds=(0, None)))
        share, hours = self.catch_up_share, interval.hours
        before = interval.previous(backlog_mwh, initial=0.0)
        # backlog = backlog before + share of what is shed - what is caught up
        law = backlog_mwh == before + hours * (share * shed_mw - caught_mw)
        lately_mw = interval.recent_sum(shed_mw, self.catch_up_hours)
        # what was shed longer ago is caught up
        in_time = backlog_mwh <= (share * hours) * lately_mw
        apart = caught_mw + size_mw * on <= size_mw
        for rule, expr in (("backlog", law), ("in_time", in_time), ("apart", apart)):
            _add(block, f"{name}_{rule}", pyo.Constraint(expr=expr))
        interval.at_end(backlog_mwh, upper=0.0, name=f"{name}_caught_up_at_end")
        return caught_mw

    def residuals(
        self, values: Mapping[str, Array], name: str, times: pd.DatetimeIndex, hours: float
    ) -> dict[str, Any]:
        """Recompute the rules of the step, from what was shed and caught up."""
        shed_mw, is_on = values[f"{name}_shed_mw"], values[f"{name}_on"] > 0.5
        size_mw = np.broadcast_to(self.size_mw(values["demand_mw"]), shed_mw.shape)
        wanted_mw = np.minimum(shed_mw, size_mw) if self.divisible else size_mw
        day = times.normalize().to_numpy()
        shed_h = [hours * is_on[day == one_day].sum() for one_day in np.unique(day)]
        residuals = {
            "step_size_mw": np.maximum(np.abs(shed_mw - np.where(is_on, wanted_mw, 0.0)), -shed_mw),
            "hours_of_day_h": max(shed_h) - self.max_hours_per_day,
        }
        history = np.array(self.history(hours)) > 0.5
        whole = np.concatenate([history, is_on])
        starts = np.flatnonzero(~whole[:-1] & whole[1:]) + 1
        stops = np.flatnonzero(whole[:-1] & ~whole[1:]) + 1
        begun = starts[starts >= len(history)]
        rests_h = [hours * (start - stops[stops < start][-1]) for start in begun if (stops < start).any()]
        residuals["recovery_h"] = self.recovery_hours - min(rests_h, default=self.recovery_hours)
        if len(begun):
            residuals["notice_h"] = self.notice_hours - hours * (begun[0] - len(history))
        if self.max_event_hours is not None:
            lengths = [(stops[stops > start].min(initial=len(whole)) - start) * hours for start in starts]
            residuals["event_length_h"] = max(lengths, default=0.0) - self.max_event_hours
        if self.max_events_per_month is not None:
            events = pd.Series(0.0, times)
            events.iloc[begun - len(history)] = 1.0
            most = largest_sum(events, hours, "month", self.events_before)
            residuals["events_of_month_count"] = most - self.max_events_per_month
        if self.catch_up_share:
            residuals |= self._catch_up_residuals(values, name, size_mw, is_on, hours)
        return residuals

    def _catch_up_residuals(
        self, values: Mapping[str, Array], name: str, size_mw: Array, is_on: Any, hours: float
    ) -> dict[str, Any]:
        caught_mw = values[f"{name}_caught_up_mw"]
        owed_mwh = np.cumsum(self.catch_up_share * hours * values[f"{name}_shed_mw"])
        made_up_mwh = np.cumsum(hours * caught_mw)
        due_mwh = np.concatenate([np.zeros(_intervals(self.catch_up_hours, hours)), owed_mwh])[
            : len(owed_mwh)
        ]
        return {
            "caught_up_power_mw": np.maximum(caught_mw - np.where(is_on, 0.0, size_mw), -caught_mw),
            "caught_up_in_time_mwh": np.maximum(due_mwh - made_up_mwh, made_up_mwh - owed_mwh),
            "caught_up_at_end_mwh": abs(owed_mwh[-1] - made_up_mwh[-1]),
        }

    def state(self) -> dict[str, float]:
        """Hours of the event under way, hours since the last one, and events of the month."""
        return {
            "shed_hours": self.shed_hours_before,
            "rested_hours": self.rested_hours_before,
            "events": float(self.events_before),
        }

    def state_after(self, on: Array, times: pd.DatetimeIndex, hours: float) -> dict[str, float]:
        """The same after a dispatch in which the step was shed where `on` is 1."""
        is_on = np.round(on) > 0.5
        same = len(is_on) - 1 - int(np.flatnonzero(is_on != is_on[-1]).max(initial=-1))  # at the end
        lasted_h, was_on = hours * same, self.shed_hours_before > 0
        if same == len(is_on) and was_on == is_on[-1]:
            lasted_h += self.shed_hours_before if was_on else self.rested_hours_before
        starts = pd.Series(is_on & ~np.concatenate([[was_on], is_on[:-1]]), times)
        return {
            "shed_hours": lasted_h if is_on[-1] else 0.0,
            "rested_hours": 0.0 if is_on[-1] else min(LONG_H, lasted_h),
            "events": sum_so_far(starts, hours, "month", self.events_before),
        }

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The step as such a state finds it."""
        return self.model_copy(
            update={
                "shed_hours_before": state["shed_hours"],
                "rested_hours_before": state["rested_hours"],
                "events_before": round(state["events"]),
            }
        )


def _intervals(span_h: float, hours: float) -> int:
    return max(1, int(np.ceil(span_h / hours - ROUNDING)))


def _add(block: Any, name: str, component: Any) -> Any:
    block.add_component(name, component)
    return component
