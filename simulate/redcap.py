"""The clinic as one flat REDCap export: the record's own row, then repeating instruments.

Here: the layout of the export. Not here: what the cells say (`rows.py`). Fields are named like the
columns of header set A; where two forms need one name, the form's stands before it (`emcs_pr`).
"""

import numpy as np
import pandas as pd
import pyarrow as pa

from simulate import french, text

OWN = ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")
EVENT = "suivi_arm_1"
EMCS_FIELDS = {
    "surgery_date": "date_chirurgie",
    "n_electrodes": "nb_electrodes",
    "visit_date": "date_visite",
    "months_post_op": "mois_post_op",
    "stimulation": "stimulation",
    "pain_relief_pct": "emcs_pr",
    "relief_duration_days": "emcs_dpr",
    "npsi_total": "emcs_npsi",
    "frequency_hz": "frequence",
    "amplitude_v": "amplitude",
    "pulse_width_us": "largeur",
    "complication": "complication",
    "remarks": "remarques",
}


def export_bytes(patients: pa.Table, sessions: pa.Table, visits: pd.DataFrame) -> tuple[int, bytes]:
    """Return the number of rows and the bytes of an export of three instruments.

    Parameters
    ----------
    patients, sessions
        Text columns by warehouse name (`rows.py`).
    visits
        Rows of `rows.visit_rows`, possibly none.
    """
    people, treated = _text(patients), _text(sessions)
    forms = [
        ("", people, {c: a for c, a, _ in french.PATIENT_HEADERS}),
        ("seances", treated, {c: a for c, a, _ in french.SESSION_HEADERS if c != "ipp"}),
        ("emcs", _visit_text(visits), EMCS_FIELDS),
    ]
    record = {ipp: str(number) for number, ipp in enumerate(people["ipp"], start=1)}
    parts = []
    for instrument, rows, fields in forms:
        known = rows[rows["ipp"].isin(list(record))]
        instance = known.groupby("ipp").cumcount() + 1
        own = pd.DataFrame(
            {
                "record_id": known["ipp"].map(record),
                "redcap_event_name": EVENT,
                "redcap_repeat_instrument": instrument,
                "redcap_repeat_instance": instance.astype(str) if instrument else "",
            },
            index=known.index,
        )
        named = known[list(fields)].rename(columns=fields)
        parts.append(pd.concat([own, named], axis=1))
    whole = pd.concat(parts, ignore_index=True).fillna("")
    order = np.lexsort((np.arange(len(whole)), whole["record_id"].astype(int)))
    whole = whole.iloc[order]
    table = pa.table({name: pa.array(whole[name], pa.large_string()) for name in whole})
    return len(whole), text.csv_bytes(table.column_names, table, "utf-8-sig")


def _text(rows: pa.Table) -> pd.DataFrame:
    return pd.DataFrame(
        {name: rows.column(name).cast(pa.large_string()).to_pylist() for name in rows.column_names}
    )


def _visit_text(visits: pd.DataFrame) -> pd.DataFrame:
    columns = {"ipp": visits["ipp"].to_numpy(dtype=object)}
    for name in EMCS_FIELDS:
        if name not in visits:
            columns[name] = np.full(len(visits), "", dtype=object)
            continue
        values = visits[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            column = text.dates(values.to_numpy().astype("datetime64[D]"))
        elif pd.api.types.is_numeric_dtype(values):
            column = text.numbers(values.to_numpy(dtype=float))
        else:
            words = values.astype(object).where(values.notna(), "").to_numpy()
            column = text.each(words, str)
        columns[name] = np.array(column.to_pylist(), dtype=object)
    return pd.DataFrame(columns)
