"""Small deliveries in real format, one after the other, through gate, contract and history."""

import hashlib
from dataclasses import replace

import pytest

from orchestration import data_directory
from orchestration.build import Build
from orchestration.errors import InputMissing
from orchestration.ingest import kept, load, reading, schema
from orchestration.ingest.deliveries import new_and_ready, scan
from orchestration.ingest.known import loaded_deliveries
from orchestration.journal import Journal
from orchestration.settings import load as load_settings
from orchestration.vault import make_key

PATIENTS = "ipp;nom;prenom;date_naissance;sexe;date_premiere_consult;pr_periode_test\n"
SESSIONS = "ipp;num_seance;date_seance;PR;DPR;commentaire\n"
ANSWERS = "ipp;fichier;num_seance;champ;ancienne;nouvelle;motif;auteur;date\n"
ANN = "00000001;CANARI;Anne;02/03/1960;F;01/01/2018;40\n"
BOB = "00000002;CANARI;Bernard;04/05/1950;M;01/01/2018;\n"


@pytest.fixture
def clinic(tmp_path):
    """A drop folder, a data directory of real kind with its key, and one warehouse build."""
    settings = load_settings(
        {"data": tmp_path / "data", "key_file": tmp_path / "key", "settle_seconds": 0},
        cwd=tmp_path,
    )
    make_key(settings.key_file)
    data_directory.prepare(settings)
    settings.incoming.mkdir(parents=True, exist_ok=True)
    build = Build(settings, "run", "run")
    build.open()
    return Clinic(settings, build)


class Clinic:
    """Deliver files, load what is new, ask the build."""

    def __init__(self, settings, build):
        self.settings, self.build = settings, build

    def deliver(self, day, *, patients=ANN, sessions="", answers="", increment=False, count=None):
        folder = self.settings.incoming / day
        folder.mkdir()
        files = {
            f"patients_{day}.csv": PATIENTS + patients,
            f"seances_{day}.csv": SESSIONS + sessions,
        }
        if answers:
            files["corrections.csv"] = ANSWERS + answers
        lines = ["fichier;lignes;sha256;extrait_le;source;mode"]
        for name, text in files.items():
            content = text.replace("\n", "\r\n").encode()
            (folder / name).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            n_rows = count or text.count("\n") - 1
            mode = "increment" if increment else "complet"
            lines.append(f"{name};{'' if answers else n_rows};{digest};;clinique;{mode}")
        (folder / "manifest.csv").write_text("\r\n".join(lines) + "\r\n")

    def load(self):
        with self.build.write() as connection:
            known = loaded_deliveries(connection, self.settings) if self._began(connection) else ()
            fresh = new_and_ready(scan(self.settings), known)
            return load.load(fresh, connection, self.settings, Journal(self.settings, "run"), "run")

    def ask(self, sql):
        with self.build.read() as connection:
            return connection.execute(sql).fetchall()

    def relief(self):
        """Number -> relief of the usable current sessions."""
        return dict(
            self.ask(
                "select session_no_recorded, pain_relief_pct from raw_sessions "
                "where known_to is null and set_aside_rule is null order by 1"
            )
        )

    @staticmethod
    def _began(connection):
        from orchestration.warehouse import tables

        return "ingest_file" in tables(connection)


def session(number, relief, day="01/02/2019", ipp="00000001", comment=""):
    return f"{ipp};{number};{day};{relief};10;{comment}\n"


def many(n, relief="20"):
    return "".join(session(i, relief, day=f"{i % 28 + 1:02}/02/2019") for i in range(1, n + 1))


def test_a_refused_delivery_leaves_the_others_and_what_was_known(clinic):
    clinic.deliver("20190301", sessions=session(1, 20))
    clinic.deliver("20190401", sessions=session(1, 30), count=99)
    clinic.deliver("20190501", sessions=session(1, 20) + session(2, 40, "22/02/2019"))
    loaded = clinic.load()
    assert clinic.relief() == {1: 20, 2: 40}
    (sentence,) = loaded.refused.values()
    assert "20190401" in sentence
    assert "gate_manifest_mismatch" in sentence
    assert clinic.ask("select status, rule_id, file_name from ingest_file "
                      "where delivery_name = '20190401' order by all") == [
        ("held", "gate_manifest_mismatch", "seances_20190401.csv"),
        ("refused", "gate_manifest_mismatch", "patients_20190401.csv"),
    ]  # fmt: skip
    assert clinic.load().refused == {}, "it is not tried again without a word"


def test_the_first_content_again_rolls_back(clinic):
    for day, relief in (("20190301", 20), ("20190401", 30), ("20190501", 20)):
        clinic.deliver(day, sessions=session(1, relief))
        clinic.load()
    assert clinic.relief() == {1: 20}
    assert clinic.ask("select count(*) from raw_sessions") == [(3,)]
    assert clinic.ask("select count(*) from content_sessions") == [(2,)]


def test_a_delivery_once_loaded_is_a_no_op(clinic):
    clinic.deliver("20190301", sessions=session(1, 20))
    clinic.load()
    before = clinic.ask("from raw_sessions")
    assert clinic.load().accepted == []
    assert clinic.ask("from raw_sessions") == before


def test_too_many_rows_gone_need_somebodys_word(clinic):
    clinic.deliver("20190301", sessions=many(40))
    clinic.deliver("20190401", sessions=many(30))
    loaded = clinic.load()
    (delivery_id,) = loaded.refused
    assert "contract_rows_vanished" in loaded.refused[delivery_id]
    assert "plateau accept" in loaded.refused[delivery_id]
    assert len(clinic.relief()) == 40
    kept.write_override(clinic.settings, delivery_id, "Dr Petit: withdrawn, checked")
    assert clinic.load().accepted == [delivery_id]
    assert len(clinic.relief()) == 30
    assert clinic.ask("select delivery_id, because from delivery_override") == [
        (delivery_id, "Dr Petit: withdrawn, checked")
    ]


def test_a_late_delivery_takes_its_place_in_history(clinic):
    clinic.deliver("20190501", sessions=session(1, 30))
    clinic.load()
    clinic.deliver("20190301", sessions=session(1, 20))
    assert clinic.load().refused == {}
    assert clinic.relief() == {1: 30}
    versions = clinic.ask(
        "select pain_relief_pct, known_from::varchar from raw_sessions order by 2"
    )
    assert versions == [(20, "2019-03-01"), (30, "2019-05-01")]


def test_a_late_delivery_may_not_change_a_landmark_value_unasked(clinic):
    early = session(4, 20)
    clinic.deliver("20190301", sessions=early)
    clinic.deliver("20190501", patients=ANN, sessions=session(5, 50, "01/04/2019"), increment=True)
    clinic.load()
    clinic.deliver("20190401", sessions=session(4, 60), increment=True)
    (sentence,) = clinic.load().refused.values()
    assert "gate_late_changes_landmark" in sentence
    assert clinic.relief() == {4: 20, 5: 50}


def test_a_delivery_without_its_sessions_is_refused(clinic):
    clinic.deliver("20190301")
    (clinic.settings.incoming / "20190301" / "manifest.csv").unlink()
    (clinic.settings.incoming / "20190301" / "seances_20190301.csv").unlink()
    (sentence,) = clinic.load().refused.values()
    assert "gate_required_file_missing" in sentence
    assert "seances_20190301.csv" in sentence


def test_an_answer_mends_a_cell_and_closes_its_question(clinic):
    clinic.deliver("20190301", sessions=session(1, "~30"))
    clinic.load()
    assert clinic.relief() == {1: None}
    assert clinic.ask("select column_name, is_open from quarantine_cell") == [
        ("pain_relief_pct", True)
    ]
    answer = "00000001;seances_20190301.csv;1;PR;~30;30;vu au dossier;A. Roy;20/03/2019\n"
    clinic.deliver("20190401", sessions=session(1, "~30"), answers=answer)
    clinic.load()
    assert clinic.relief() == {1: 30}
    assert clinic.ask("select distinct is_open from quarantine_cell") == [(False,)]
    assert clinic.ask("select status from raw_correction") == [("applied",)]
    clinic.deliver("20190501", sessions=session(1, "~30"))
    clinic.load()
    assert clinic.relief() == {1: 30}, "the source repeats the fault, the answer still holds"
    clinic.deliver("20190601", sessions=session(1, "35"))
    clinic.load()
    assert clinic.relief() == {1: 35}, "the source says something else"


def test_an_answer_mends_a_row_in_quarantine(clinic):
    clinic.deliver("20190301", sessions=session(1, 20, "31/02/2019"))
    answer = "00000001;seances_20190301.csv;1;date_seance;31/02/2019;28/02/2019;agenda;A. Roy;\n"
    clinic.deliver("20190401", sessions=session(1, 20, "31/02/2019"), answers=answer)
    clinic.load()
    assert clinic.relief() == {1: 20}
    assert clinic.ask("select count(*) from quarantine_row where is_open") == [(0,)]


def test_answers_that_fit_nothing_say_so(clinic):
    answers = (
        "00000001;seances_20190301.csv;1;PR;55;30;m;A;\n"
        "00000001;seances_20190301.csv;1;ipp;00000001;00000002;m;A;\n"
        "00000001;photos.zip;1;PR;20;30;m;A;\n"
        "00000001;seances_20190301.csv;1;PR;10;20;m;A;\n"
        "00000001;seances_20190301.csv;1;PR;20;;;;\n"
    )
    clinic.deliver("20190301", sessions=session(1, 20), answers=answers)
    clinic.load()
    assert clinic.ask("select line, status, rule_id from raw_correction order by 1") == [
        (2, "no_match", "correction_no_match"),
        (3, "unreadable", "correction_field"),
        (4, "unreadable", "correction_file"),
        (5, "superseded", None),
    ]
    assert clinic.relief() == {1: 20}


def test_answers_and_dumps_in_any_order_of_arrival_end_the_same(clinic, tmp_path):
    answer = "00000001;seances.csv;1;PR;~30;30;vu;A. Roy;\n"
    other = Clinic(*other_place(clinic, tmp_path))
    for place, days in ((clinic, "123"), (other, "312")):
        for day in days:
            place.deliver(
                f"20190{day}01", sessions=session(1, "~30", "15/12/2018"),
                answers=answer if day == "2" else "",
            )  # fmt: skip
            place.load()
    question = (
        "select pain_relief_pct, known_from, known_to, end_reason from raw_sessions order by 2"
    )
    assert clinic.ask(question) == other.ask(question)
    assert clinic.relief() == {1: 30}


def other_place(clinic, tmp_path):
    settings = replace(clinic.settings, data=tmp_path / "other")
    data_directory.prepare(settings)
    settings.incoming.mkdir(parents=True)
    build = Build(settings, "run", "run")
    build.open()
    return settings, build


def test_a_session_before_the_first_consultation_is_set_aside(clinic):
    clinic.deliver("20190301", sessions=session(1, 20, "01/02/2017") + session(2, 30))
    clinic.load()
    assert clinic.relief() == {2: 30}
    assert clinic.ask("select rule_id from quarantine_row where is_open") == [
        ("session_before_patient",)
    ]


def test_an_orphan_is_released_when_its_patient_comes(clinic):
    clinic.deliver("20190301", sessions=session(1, 20, ipp="00000002"))
    clinic.load()
    assert clinic.relief() == {}
    clinic.deliver("20190401", patients=ANN + BOB, sessions=session(1, 20, ipp="00000002"))
    clinic.load()
    assert clinic.relief() == {1: 20}


def test_a_corrected_birth_date_corrects_the_age(clinic):
    clinic.deliver("20190301", sessions=session(1, 20))
    clinic.deliver("20190401", patients=ANN.replace("1960", "1950"), sessions=session(1, 20))
    clinic.load()
    assert clinic.ask("select age_years from raw_patient_age") == [(68,)]


def test_no_name_or_number_reaches_the_warehouse(clinic):
    clinic.deliver("20190301", sessions=session(1, "~30", comment="M. CANARI a appelé"))
    clinic.load()
    content = clinic.build.path.read_bytes()
    for secret in (b"CANARI", b"Anne", b"00000001", b"1960-03-02", b"~30"):
        assert secret not in content


def test_kept_deliveries_give_the_same_warehouse(clinic, tmp_path):
    clinic.deliver("20190301", sessions=session(1, 20))
    clinic.deliver("20190401", sessions=session(1, 30) + session(2, 40, "22/02/2019"))
    clinic.load()
    again = Build(clinic.settings, "again", "again")
    again.open()
    with again.write() as connection:
        deliveries = kept.kept_deliveries(clinic.settings)
        load.load(deliveries, connection, clinic.settings, Journal(clinic.settings, "r"), "r")
        rows = connection.execute("from raw_sessions order by all").fetchall()
    assert rows == clinic.ask("from raw_sessions order by all")


def test_a_rebuild_takes_what_was_taken_whatever_order_it_came_in(clinic):
    for day, n_rows in (("20190301", 20), ("20190501", 20), ("20190401", 28)):
        clinic.deliver(day, sessions=many(n_rows))
        assert clinic.load().refused == {}
    again = Build(clinic.settings, "again", "again")
    again.open()
    with again.write() as connection:
        deliveries = kept.kept_deliveries(clinic.settings)
        loaded = load.load(
            deliveries, connection, clinic.settings, Journal(clinic.settings, ""), ""
        )
        rows = connection.execute("from raw_sessions order by all").fetchall()
    assert loaded.refused == {}
    assert rows == clinic.ask("from raw_sessions order by all")


@pytest.mark.parametrize("name", ["seances_20190301.csv", "autre.txt"])
def test_a_link_is_never_opened(clinic, tmp_path, name):
    clinic.deliver("20190301", sessions=session(1, 20))
    folder = clinic.settings.incoming / "20190301"
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "key")
    (sentence,) = clinic.load().refused.values()
    assert "gate_path_unsafe" in sentence


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("emcs_20190301.xls", "emcs_20190301.xls"),
        ("EMCS_20190301.xlsm", "EMCS_20190301.xlsm"),
        # its name was chosen by somebody: printf %s seances_CANARI.csv | sha256sum
        ("seances_CANARI.csv", "file-b09059a1.csv"),
        ("EMCS CANARI.xlsx", "file-23dde7ba.xlsx"),
        ("Séances CANARI.csv", "file-01a07685.csv"),
        ("Corrections.csv", "file-bfa94e9f.csv"),
    ],
)
def test_a_file_called_almost_like_the_contract_is_never_passed_over(clinic, name, told):
    clinic.deliver("20190301", sessions=session(1, 20))
    folder = clinic.settings.incoming / "20190301"
    (folder / "manifest.csv").unlink()
    (folder / name).write_bytes(b"whatever")
    (sentence,) = clinic.load().refused.values()
    assert f"{told}: it is called like a file of the contract" in sentence
    assert "gate_file_name" in sentence
    assert b"CANARI" not in clinic.build.path.read_bytes()
    logs = b"".join(path.read_bytes() for path in clinic.settings.logs.iterdir())
    assert told.encode() in logs and b"CANARI" not in logs


def test_a_delivery_without_a_manifest_is_taken_with_a_warning(clinic):
    clinic.deliver("20190301", sessions=session(1, 20))
    (clinic.settings.incoming / "20190301" / "manifest.csv").unlink()
    clinic.load()
    assert clinic.relief() == {1: 20}
    warned = clinic.ask("select rule_id from file_warning where file_sha256 is null")
    assert warned == [("gate_manifest_absent",)]


def test_a_file_that_changes_while_it_is_read_is_refused(clinic, monkeypatch):
    clinic.deliver("20190301", sessions=session(1, 20))
    monkeypatch.setattr(kept, "sha256_of", lambda path: "0" * 64)
    (sentence,) = clinic.load().refused.values()
    assert "gate_changed_while_read" in sentence


def test_synthetic_and_real_deliveries_never_meet(clinic):
    clinic.deliver("20190301", sessions=session(1, 20))
    clinic.deliver("20190401", sessions=session(1, 20))
    manifest = clinic.settings.incoming / "20190401" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("clinique", "plateau-simulate"))
    with pytest.raises(InputMissing, match="gate_kind_mismatch"):
        clinic.load()


def test_an_answer_about_nobody_says_so(clinic):
    answers = "sans numéro;seances_20190301.csv;1;PR;20;30;m;A;\n"
    clinic.deliver("20190301", sessions=session(1, 20), answers=answers)
    clinic.load()
    assert clinic.ask("select status, rule_id from raw_correction") == [
        ("unreadable", "correction_record")
    ]


def test_a_number_no_column_holds_is_set_aside_and_stops_nothing(clinic):
    big = session("3000000000", 20) + session("99999999999999999999", 30) + session(1, 40)
    clinic.deliver("20190301", sessions=big)
    assert clinic.load().refused == {}
    assert clinic.relief() == {1: 40}
    assert clinic.ask("select distinct rule_id from quarantine_row") == [("value_range",)]


def test_a_fault_of_ours_holds_back_one_delivery_and_quotes_nothing(clinic, monkeypatch):
    clinic.deliver("20190301", sessions=session(1, 20))
    clinic.deliver("20190401", sessions=session(1, 30))
    check = reading.check_rows

    def breaks(table, rows, *, delivery_date):
        if delivery_date.month == 4:
            raise ValueError("could not convert CANARI")
        return check(table, rows, delivery_date=delivery_date)

    monkeypatch.setattr(reading, "check_rows", breaks)
    (sentence,) = clinic.load().refused.values()
    assert "unexpected ValueError" in sentence
    assert "gate_unexpected_error" in sentence
    assert "CANARI" not in sentence
    assert clinic.relief() == {1: 20}


def test_a_linked_delivery_folder_is_never_followed(clinic, tmp_path):
    clinic.deliver("20190301", sessions=session(1, 20))
    (clinic.settings.incoming / "20190301").rename(tmp_path / "20190301")
    (clinic.settings.incoming / "20190301").symlink_to(tmp_path / "20190301")
    (sentence,) = clinic.load().refused.values()
    assert "gate_path_unsafe" in sentence


def test_a_late_delivery_answers_for_its_own_changes_only(clinic):
    clinic.deliver("20190301", sessions=session(4, 20))
    clinic.deliver("20190601", sessions=session(5, 50, "01/04/2019"), increment=True)
    clinic.load()
    clinic.deliver("20190401", sessions=session(4, 60), increment=True)
    (first,) = clinic.load().refused
    kept.write_override(clinic.settings, first, "Dr Petit: checked in the record")
    clinic.deliver("20190501", sessions=session(6, 30, "22/04/2019"), increment=True)
    assert clinic.load().refused == {}
    assert clinic.relief() == {4: 60, 5: 50, 6: 30}


def test_answers_that_cannot_be_decoded_are_named(clinic):
    clinic.deliver("20190301", sessions=session(1, 20))
    folder = clinic.settings.incoming / "20190301"
    (folder / "manifest.csv").unlink()
    (folder / "corrections.csv").write_bytes(b"ipp;\x81\x8d\xff\n")
    (sentence,) = clinic.load().refused.values()
    assert "corrections.csv" in sentence


def test_an_export_without_visits_ends_no_visit(clinic):
    clinic.deliver("20190301", sessions=session(1, 20))
    with clinic.build.write() as connection:
        schema.create(connection)
    folder = clinic.settings.incoming / "20190401"
    folder.mkdir()
    export = (
        "record_id;redcap_repeat_instrument;redcap_repeat_instance;ipp;sexe;num_seance;date_seance;"
        "pr\r\n1;;;00000001;F;;;\r\n1;seances;1;;;1;2019-02-01;20\r\n"
    )
    (folder / "redcap_export_20190401.csv").write_text(export, newline="")
    clinic.load()
    tables = clinic.ask(
        "select table_name from ingest_file where delivery_name = '20190401' order by all"
    )
    assert tables == [("patients",), ("sessions",)]
    assert clinic.relief() == {1: 20}


def test_a_confirmed_worsening_stays_known_when_its_question_is_answered(clinic):
    """The sheet asks for an empty `nouvelle` and the word `aggravation`."""
    clinic.deliver("20190301", sessions=session(1, -20))
    answer = "00000001;seances_20190301.csv;1;PR;-20;;aggravation;A. Roy;20/03/2019\n"
    clinic.deliver("20190401", sessions=session(1, -20), answers=answer)
    clinic.load()
    assert clinic.relief() == {1: None}
    assert clinic.ask("select distinct is_open from quarantine_cell") == [(False,)]
    assert clinic.ask("select count(*) from raw_cell where rule_id = 'pr_negative'") != [(0,)]


def test_a_late_delivery_whose_run_died_before_the_landmarks_is_judged_again(clinic, monkeypatch):
    clinic.deliver("20190301", sessions=session(4, 20))
    clinic.deliver("20190601", sessions=session(5, 50, "01/04/2019"), increment=True)
    clinic.load()
    clinic.deliver("20190401", sessions=session(4, 60), increment=True)

    def dies(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(load, "_refuse_changed_landmarks", dies)
        clinic.load()
    n_lines = clinic.ask("select count(*) from raw_line")
    (sentence,) = clinic.load().refused.values()
    assert "gate_late_changes_landmark" in sentence
    assert clinic.relief() == {4: 20, 5: 50}
    assert clinic.ask("select count(*) from raw_line")[0][0] == n_lines[0][0] - 2
