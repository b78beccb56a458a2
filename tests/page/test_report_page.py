"""The page as its readers get it: whole, honest, labelled, readable without a network."""

import re
import shutil
import subprocess
import time
from html.parser import HTMLParser

import pandas as pd
import pytest

from report.pages import build
from report.sections.surgery import complications

VOID = {"meta", "br", "img", "hr", "input", "link", "rect", "path", "line", "circle", "col"}
BANNED = r"\bfailures?\b|\bwasted?\b|will not work|effect of rTMS|should stop"
REFUSING = (
    r"not (be )?(operated|eligible)|unsuitable|contraindicat|refuse (the )?patient|"
    r"should not|surgery (will|would) (not|fail)|poor candidate|benefit of surgery"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page(HTMLParser):
    """Open tags, headings, figures and addresses of a page; complains about wrong nesting."""

    def __init__(self, html):
        super().__init__()
        self.open, self.headings, self.figures, self.addresses, self.ids = [], [], [], [], []
        self.words = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self._note(tag, dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self._note(tag, dict(attrs))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another tag at {self.getpos()}"

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    def _note(self, tag, attrs):
        self.addresses += [attrs[name] for name in ("src", "href", "xlink:href") if name in attrs]
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "figure":
            self.figures.append([])
        elif self.figures and "figure" in self.open:
            self.figures[-1].append((tag, attrs))

    @property
    def text(self):
        return re.sub(r"[\s\u00a0\u202f]+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def html(frames, facts):
    return build(frames, facts)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_page_is_well_formed_with_unique_ids(html, page):
    assert html.startswith("\n<!doctype html>") or html.startswith("<!doctype html>")
    assert '<html lang="en">' in html
    assert len(page.ids) == len(set(page.ids)), "two drawings share an id"


def test_page_asks_for_nothing_outside_itself(html, page):
    assert all(address.startswith("#") for address in page.addresses)
    assert not re.search(r"@import|url\((?!#)|<script|<link", html)
    assert set(re.findall(r"https?://[^\"' <)]+", html)) <= {"http://www.w3.org/2000/svg"}
    anchors = {address[1:] for address in page.addresses}
    assert anchors <= set(page.ids), "a link of the page leads nowhere"


def test_headings_step_down_one_at_a_time(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert page.headings.count(2) == 9
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))


def test_every_figure_has_caption_words_and_data(page):
    assert len(page.figures) == 13
    for parts in page.figures:
        tags = [tag for tag, _ in parts]
        assert tags.count("figcaption") == 1
        assert "details" in tags
        assert "table" in tags
        svgs = [attrs for tag, attrs in parts if tag == "svg" and attrs.get("class") != "key"]
        assert svgs
        assert all(svg["role"] == "img" for svg in svgs)
        assert all("aria-label" in svg or "aria-labelledby" in svg for svg in svgs)
        assert all("viewbox" in svg for svg in svgs), "a phone cannot shrink it"


def test_page_is_small(html):
    assert len(html.encode()) < 1_500_000


def test_simulated_is_labelled_on_every_section(html, facts_but):
    sections = re.findall(r"<h2.*?</h2>", html, re.S)
    assert all("SIMULATED DATA" in heading for heading in sections)
    assert "<title>SIMULATED DATA" in html
    real = build({}, facts_but(kind="real"))
    assert "SIMULATED DATA" not in real
    assert "Internal use only" in real


def test_page_says_what_it_is_not(page):
    assert "Research software, not a medical device." in page.text
    assert "self-reported and uncontrolled: there was no sham" in page.text
    assert "made of survivors only" in page.text
    assert "Every number of this section comes from simulated cohorts" in page.text
    assert "Long-term relief means: mean expected report of sessions 13 to 15" in page.text


def test_words_that_are_never_said_of_a_person(page):
    assert not re.findall(BANNED, page.text, re.I)
    assert "Pain relief below 10 %" in page.text
    assert "too early to tell" in page.text


def test_headline_numbers_stand_with_their_denominators(frames, page):
    n = frames["flow"].set_index("step")["n_patients"]
    known = n["responder"] + n["non_responder"]
    assert f"{n['analysed']} of {n['treated']} (" in page.text
    assert f"{n['responder']} of {known} (" in page.text


def test_patients_appear_by_six_characters_only(frames, html):
    ids = frames["patients"]["patient_id"]
    assert not [patient for patient in ids if patient[:7] in html]


def test_late_means_of_few_patients_have_no_band(frames):
    from report.sections.course import THIN, with_band

    drawn = with_band(frames["long_term"])
    thin = drawn["n_observed"] < THIN
    assert drawn.loc[thin, ["lo", "hi", "solid_mean"]].isna().all(axis=None)
    assert drawn.loc[~thin, "thin_mean"].isna().all()
    assert ((drawn[["lo", "hi"]] < 0) | (drawn[["lo", "hi"]] > 100)).sum(axis=None) == 0


def test_only_the_headline_cut_is_shown(frames, facts):
    from report.sections.performance import with_series

    rows = with_series(frames["study_performance"], frames, facts)
    assert set(rows["cut_pct"]) == {30}
    assert rows["series"].iloc[0] == "Last report, at least 10 %"


def test_a_warning_is_not_counted_as_a_failed_check(html):
    line = re.sub(r"<[^>]+>", "", html)
    assert "data checks: 58 passed, 1 failed, 2 warnings" in line


def test_red_checks_come_first(html):
    checks = html[html.index('id="table-checks"') :]
    assert checks.index("session_rule_47") < checks.index("session_rule_43")


def test_flow_that_contradicts_itself_is_not_drawn(frames, facts):
    flow = frames["flow"].copy()
    flow.loc[flow["step"] == "analysed", "n_patients"] += 1
    text = Page(build({"flow": flow}, facts)).text
    assert "The patient flow is not drawn, its counts contradict" in text
    assert "is not the sum of" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"status": "not_converged", "reason": "R-hat 1.09", "rows_run_id": "old42",
             "rows_fitted_at": pd.Timestamp("2026-11-20 03:31", tz="UTC")},
            "did not converge in run 4f1c0a77 of 2026-11-22 03:31 UTC (R-hat 1.09). The estimates "
            "shown are older: run old42, fitted 2026-11-20 03:31 UTC",
        ),
        ({"status": "failed", "rows_run_id": None, "rows_fitted_at": pd.NaT}, "none are shown"),
        ({"rows_run_id": "old42"}, "The estimates shown are older: run old42"),
        (
            {"model": "relief_checks", "status": "failed", "reason": "the checks stopped on E",
             "rows_run_id": "old42"},
            "What stands beside model “Relief” could not be made in run 4f1c0a77 of 2026-11-22 "
            "03:31 UTC (the checks stopped on E). The estimates shown are older: run old42",
        ),
    ],
)  # fmt: skip
def test_a_model_that_is_not_of_this_run_is_announced(facts, change, said, model_but):
    text = Page(build({"model_status": model_but(**change)}, facts)).text
    assert text.count(said) == 2, "once at the top, once beside the curves"


def test_a_surgery_model_of_an_earlier_night_is_announced(facts, frames, model_but):
    old = {"model": "surgery", "status": "not_estimated", "reason": "2 operated patients, too few",
           "rows_run_id": "old42"}  # fmt: skip
    held = {"surgery_estimate": frames["surgery_estimate"]}
    text = Page(build(held | {"model_status": model_but(**old)}, facts)).text
    said = "could not be estimated in run 4f1c0a77 of 2026-11-22 03:31 UTC (2 operated patients"
    assert text.count(said) == 2, "once at the top, once beside the operated"
    assert "Correlation of relief under rTMS" in text, "the rows that stand are shown"


def test_a_converged_model_needs_no_notice(page):
    assert "did not converge" not in page.text
    assert "estimates shown are older" not in page.text


def test_without_any_frame_every_section_says_why(facts):
    page = Page(build({}, facts))
    assert page.headings.count(2) == 9
    assert page.figures == []
    assert page.text.count("was not part of this run") >= 12


def test_each_table_may_be_absent_or_empty(facts, clinic):
    small = clinic(12, seed=3, n_operated=2)
    for name in small:
        for frame in (None, small[name].head(0), small[name].iloc[:, :1]):
            rest = {key: value for key, value in small.items() if key == "flow" and key != name}
            if frame is not None:
                rest[name] = frame
            Page(build(rest, facts))


def test_the_split_says_what_is_set_and_what_is_not_shown(page, facts, frames):
    text = page.text
    assert "Accumulation, 30 points lower" in text
    assert "8.2 [6.2; 10.2]" in text and "3.7 [1.7; 5.7]" in text
    assert "36 responders; 33 report at session 4, 21 at session 15" in text
    assert "nothing here shows that stimulation brought it about" in text
    unseen = frames["decomposition"].assign(mean_pct=float("nan"))
    text = Page(build({"decomposition": unseen}, facts)).text
    assert "Accumulation and selection are not told apart" in text


def test_surgery_is_told_with_complications_selection_and_basis(page):
    text = page.text
    assert "noted for 1 of 6 (16.7 %) of the operated patients, 95 % interval" in text
    assert text.index("Complications of surgery") < text.index("Correlation of relief under rTMS")
    assert "Operated, Spearman of the reports" in text
    assert "Candidates, surgeon knew more (0.6)" in text
    assert "if the choice depended on rTMS relief alone" in text
    assert "fewer than 5 evaluated patients had a last reported relief" in text
    assert "extrapolated: " in text and "Nothing here is a reason to refuse surgery" in text
    assert re.search(REFUSING, text, re.IGNORECASE) is None


def test_complications_that_no_visit_tells_of_are_unknown_not_none(frames):
    counts = frames["safety_counts"]
    unknown = complications({"safety_counts": counts.assign(n_asked=0, n_events=0)}).text
    assert unknown == "Complications of surgery are unknown: no visit of 6 operated patients says."
    silent = complications({"safety_counts": counts.assign(n_asked=1)}).text
    assert "at least 1 of 6" in silent and "which is not none" in silent


@pytest.mark.parametrize(
    ("n_operated", "said"), [(0, "no patient was"), (2, "2 operated patients")]
)
def test_too_few_operated_say_why(facts, clinic, n_operated, said):
    frames = clinic(20, seed=5, n_operated=n_operated)
    needed = ("surgery_estimate", "model_status")
    text = Page(build({name: frames[name] for name in needed}, facts)).text
    assert f"rTMS and surgery are not related by the model: {said}" in text
    assert "could not be estimated" not in text, "it is no fault"


@pytest.mark.parametrize("n_patients", [3, 8])
def test_small_clinics_have_a_page(facts, n_patients, clinic):
    frames = clinic(n_patients, seed=5, n_operated=0)
    frames = {name: f for name, f in frames.items() if not name.startswith("study_")}
    text = Page(build(frames, facts)).text
    assert "Relief around surgery is not shown: Table emcs has no rows in this run." in text


def test_nulls_and_huge_numbers_are_written_not_stumbled_over(facts, clinic):
    frames = clinic(8, seed=7)
    for name, columns in {
        "long_term": ["sd_relief_pct"],
        "patient_plateau": ["saturation_session", "plateau_mean_pct", "plateau_q05_pct"],
        "emcs": ["rtms_last_relief_pct", "emcs_first_relief_pct", "emcs_last_relief_pct"],
        "status": ["status_relief_pct", "relief_category"],
        "study_performance": ["mcse"],
        "patients": ["stop_reason"],
    }.items():
        frames[name] = frames[name].assign(**dict.fromkeys(columns, float("nan")))
    frames["dq_result"] = frames["dq_result"].assign(denominator=7 * 10**15)
    text = Page(build(frames, facts)).text
    assert "none evaluated" in text
    assert "7e+15" in text
    assert re.search(r"\bnan\b|\bNaT\b|<NA>|\bNone\b", text) is None


def test_text_of_the_clinic_cannot_become_markup(frames, facts, facts_but, model_but):
    hostile = "<script>alert(1)</script>"
    files = frames["ingest_file"].assign(file_name=hostile, status="refused", reason=hostile)
    changed = {"ingest_file": files, "model_status": model_but(status="failed", reason=hostile)}
    assert "<script" not in build(changed, facts_but(run_id=hostile))


def test_page_is_the_same_for_the_same_frames_within_ten_seconds_warm(frames, facts, html):
    begin = time.process_time()
    assert build(frames, facts) == html
    assert time.process_time() - begin < 10


def test_facts_refuse_what_would_mislabel_the_page(facts_but):
    with pytest.raises(ValueError, match="time zone"):
        facts_but(created_at=pd.Timestamp("2026-11-22").to_pydatetime())
    with pytest.raises(ValueError, match="'synthetic' or 'real'"):
        facts_but(kind="demo")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine to open the page with")
@pytest.mark.parametrize("width", [390, 1100])
def test_page_opens_without_sideways_scroll(html, tmp_path, width):
    """The page tells its own width from inside a frame: a window cannot be as narrow."""
    probe = (
        "<script>addEventListener('load',()=>{const d=document.documentElement;"
        "parent.postMessage(`${d.scrollWidth} of ${d.clientWidth}`,'*')})</script></body>"
    )
    phone = (
        "<!doctype html><title>silent</title><script>addEventListener('message',"
        "event=>{document.title=event.data})</script>"
        f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe>'
    )
    # The page's own policy forbids every script, so the copy that measures goes without it.
    copy = re.sub(r"<meta http-equiv=[^>]+>", "", html).replace("</body>", probe)
    (tmp_path / "page.html").write_text(copy, encoding="utf-8")
    (tmp_path / "phone.html").write_text(phone, encoding="utf-8")
    found = re.search(r"<title>(\d+) of (\d+)</title>", _dump(tmp_path / "phone.html", tmp_path))
    assert found, "the page sent no measure"
    assert int(found[1]) <= int(found[2]) == width


def _dump(path, tmp_path):
    """Return the document after loading, as Chromium sees it."""
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--virtual-time-budget=5000", "--window-size=1300,1000",
        f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    return done.stdout
