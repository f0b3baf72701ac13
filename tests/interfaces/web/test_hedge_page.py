"""The plan under uncertainty on the page of tomorrow: begun from the bands, shown when it is done."""

from html import unescape
from pathlib import Path

import pandas as pd

from parkdispatch.operations.jobs.job_folder import JobFolder
from tests.support.web.desk_parks import NOW, TOMORROW
from tests.support.web.served_pages import SITE, ServedPark, csrf


def test_a_plan_against_the_bands_is_begun_and_shown(tmp_path: Path) -> None:
    park = ServedPark(tmp_path)
    client = park.client("plan")
    assert "Plan against the bands" in client.get(f"{SITE}/tomorrow?lang=en").text
    answer = client.post(f"{SITE}/tomorrow/hedge", data={"csrf_token": csrf(client)})
    job = park.service.jobs.begin_next(NOW)
    assert job is not None
    assert (answer.status_code, answer.headers["location"]) == (303, f"{SITE}/studies/{job.id}")
    options = dict(word.split("=", 1) for word in job.words if "=" in word)
    assert options["--date"] == f"{TOMORROW}"
    assert options["--soc"].startswith("battery_1=")
    assert float(options["--peak-so-far-mw"]) > 0
    forecast = pd.read_csv(options["--forecast"], index_col="time")
    assert list(forecast)[:3] == ["load_p10 [MW]", "load_p50 [MW]", "load_p90 [MW]"]
    assert len(forecast) == 96
    assert (forecast["load_p10 [MW]"] <= forecast["load_p90 [MW]"]).all()
    assert "running" in client.get(f"{SITE}/tomorrow?lang=en").text
    folder = JobFolder(park.service.worker.folder, job.id)
    folder.prepare(job.words)
    times = pd.date_range(TOMORROW, periods=96, freq="15min").strftime("%Y-%m-%d %H:%M")
    powers = {"battery_1.charge_mw [MW]": 0.0, "battery_1.discharge_mw [MW]": 7.25}
    pd.DataFrame(powers, index=times).to_csv(folder.out / "set_points.csv", index_label="time")
    sentence = "The hedge costs 12 yuan if P50 comes"
    (folder.path / "screen.txt").write_text(f"{sentence}\nFiles in {folder.out}: set_points.csv\n")
    park.service.jobs.finish(job.id, "done", NOW, 0)
    page = unescape(client.get(f"{SITE}/tomorrow?lang=en").text)
    assert sentence in page
    assert str(folder.out) not in page
    assert "+7.25" in page or "7.2" in page  # in the table of its chart


def test_who_may_not_plan_and_without_bands_there_is_none(tmp_path: Path) -> None:
    park = ServedPark(tmp_path, empty=True)
    reader, planner = park.client("read"), park.client("plan")
    assert "tomorrow/hedge" not in planner.get(f"{SITE}/tomorrow?lang=en").text
    for client, status in ((reader, 403), (planner, 409)):
        answer = client.post(f"{SITE}/tomorrow/hedge?lang=en", data={"csrf_token": csrf(client)})
        assert answer.status_code == status
    assert planner.post(f"{SITE}/tomorrow/hedge", data={"csrf_token": "0"}).status_code == 403
    assert park.service.jobs.jobs() == []
