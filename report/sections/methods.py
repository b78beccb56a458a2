"""Section 9: what the numbers rest on, and the words of the page."""

from report.blocks import Block, Definitions, Heading, Section, Text
from report.facts import ReportFacts
from report.frames import Frames
from report.wording import day, number


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section on methods and basis, with the glossary."""
    blocks: list[Block] = [
        *(Text(text) for text in _methods(facts)),
        Heading("Glossary"),
        Definitions(_glossary(facts)),
    ]
    return Section("methods", "9. Methods and basis", blocks)


def _methods(facts: ReportFacts) -> list[str]:
    source = (
        "The data are simulated: no patient stands behind any line of this page."
        if facts.is_synthetic
        else "The data are the clinic's own records, under pseudonyms; this page is internal."
    )
    ten = number(facts.relief_thresholds_pct[0], 0)
    return [
        f"{source} Deliveries up to {day(facts.data_until)}; protocol preset “{facts.preset}”.",
        "Reported relief is the patient's own estimate, in percent of the pain before the first "
        "session. It is uncontrolled: there was no sham, other treatment could change, and memory "
        "of the first pain fades. Nothing here measures what rTMS itself did.",
        f"Test period: sessions 1 to {facts.test_period_sessions}. Responder: reported relief of "
        f"at least {ten} % in the assessment at its end or, where none is recorded, at session "
        f"{facts.test_period_sessions}. Without either, status is unknown and the patient is in no "
        "denominator of status.",
        "Slopes come from linear mixed models with session as a number and a random intercept for "
        "each patient. Each table names its own method and its n.",
        "Fitted courses come from a hierarchical model in which relief rises towards a plateau and "
        "patients lend each other strength: with few sessions a patient's curve leans on the "
        "population, and its band is wide.",
        "Numbers are read from the warehouse as they stand; the page only writes, counts and draws "
        "them. Missing values are shown as missing and never as 0.",
        "A page about groups does not decide for a person: whether to go on belongs to patient and "
        "clinician.",
    ]


def _glossary(facts: ReportFacts) -> list[tuple[str, str]]:
    return [
        ("rTMS", "Repetitive transcranial magnetic stimulation, here 20 Hz over the motor cortex."),
        ("eMCS", "Epidural motor cortex stimulation through implanted electrodes."),
        (
            "Reported relief",
            "Percent of the first pain that the patient reports as gone, 0 to 100.",
        ),
        ("Duration of relief", "Days with relief after a session, as reported."),
        ("NPSI", "Neuropathic Pain Symptom Inventory; the global score sums ten items of 0 to 10."),
        ("Test period", f"The first {facts.test_period_sessions} sessions."),
        ("Plateau", "Level that a patient's expected relief approaches with more sessions."),
        ("S90", "First session at which expected relief has reached 90 % of the plateau."),
        ("Too early to tell", "The sessions so far do not determine the quantity."),
        ("SD", "Standard deviation: how far single patients lie from the mean."),
        ("95 % CI", "95 % confidence interval: how precisely a mean, slope or ratio is known."),
        ("90 % interval", "Range that holds 90 % of the posterior probability."),
        (
            "R-hat, ESS",
            "Signs that the sampler has settled: R-hat near 1, effective sample size high.",
        ),
        ("Sensitivity", "Share of those with long-term relief whom the test period finds."),
        ("Specificity", "Share of those without whom it recognises as such."),
        ("PPV, NPV", "Share of positive (negative) test results that turn out right."),
        ("MCSE", "Monte Carlo standard error: what more simulated cohorts would still change."),
        ("Quarantine", "Rows or cells that broke a rule, set aside with the rule's name."),
    ]
