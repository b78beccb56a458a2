"""How a French pain clinic writes it down: headers, codes, numbers, dates.

Here: the vocabulary of the raw files, as the extract specification gives it. Written apart from
the data dictionary that reads these files, so that an error in either shows. Not here: files
(`extracts.py`, `workbook.py`).
"""

import math

import numpy as np

# (warehouse column, header set A, header set B)
PATIENT_HEADERS = (
    ("ipp", "ipp", "IPP"),
    ("last_name", "nom", "nom"),
    ("first_name", "prenom", "prenom"),
    ("birth_date", "date_naissance", "date_naissance"),
    ("sex", "sexe", "sexe"),
    ("first_consultation_date", "date_premiere_consult", "date_premiere_consult"),
    ("pain_duration_years", "duree_douleur_annees", "duree_douleur_annees"),
    ("nrs_initial", "en_initiale", "en_initiale"),
    ("laterality", "lateralite", "lateralite"),
    ("topography", "topographie", "topographie"),
    ("lesion_level", "niveau_lesion", "niveau_lesion"),
    ("lesion_site", "site_lesion", "site_lesion"),
    ("aetiology", "etiologie", "etiologie"),
    *((f"npsi_baseline_{k}", f"npsi0_{k}", f"npsi0_{k}") for k in range(1, 13)),
    ("npsi_baseline_total", "npsi0_total", "npsi0_total"),
    ("most_painful_component", "composante_max", "composante_max"),
    ("test_period_relief_pct", "pr_periode_test", "PR période test (%)"),
    ("exclusion_reason", "motif_exclusion", "motif_exclusion"),
    ("stop_reason", "motif_arret", "motif_arret"),
    ("stop_date", "date_arret", "date_arret"),
)
SESSION_HEADERS = (
    ("ipp", "ipp", "IPP"),
    ("session_no_recorded", "num_seance", "N° séance"),
    ("session_date", "date_seance", "Date séance"),
    ("session_time", "heure", "heure"),
    ("nurse", "infirmier", "infirmier"),
    ("protocol", "protocole", "protocole"),
    ("target", "cible", "cible"),
    ("intensity_pct_mt", "intensite_pct_MT", "intensite_pct_MT"),
    ("n_pulses", "nb_impulsions", "nb_impulsions"),
    ("pain_relief_pct", "PR", "Soulagement (%)"),
    ("relief_duration_days", "DPR", "Durée soulagement (j)"),
    ("evaluation_date", "date_evaluation", "date_evaluation"),
    *((f"npsi_{k}", f"npsi_{k}", f"npsi_{k}") for k in range(1, 13)),
    ("npsi_total", "npsi_total", "npsi_total"),
    ("ssnpsi", "ssnpsi", "ssnpsi"),
    ("side_effect", "effet_indesirable", "effet_indesirable"),
    ("side_effect_detail", "ei_detail", "ei_detail"),
    ("comment", "commentaire", "commentaire"),
    ("recorded_at", "saisi_le", "saisi_le"),
)
EMCS_HEADERS = (
    ("ipp", "IPP"),
    ("surgery_date", "Date chirurgie"),
    ("n_electrodes", "nb électrodes"),
    ("visit_date", "Date visite"),
    ("months_post_op", "Mois post-op"),
    ("stimulation", "Stimulation"),
    ("pain_relief_pct", "PR %"),
    ("relief_duration_days", "DPR"),
    ("npsi_total", "NPSI"),
    ("frequency_hz", "Fréquence"),
    ("amplitude_v", "Amplitude"),
    ("pulse_width_us", "Largeur"),
    ("complication", "Complication"),
    ("remarks", "Remarques"),
)
CODES = {
    "sex": {"M": "M", "F": "F"},
    "laterality": {"right": "D", "left": "G", "bilateral": "B"},
    "topography": {
        "hemibody": "hémicorps",
        "lower_limb": "membre inf",
        "upper_limb": "membre sup",
        "face_neck": "face/cou",
        "trunk": "tronc",
        "other": "autre",
    },
    "lesion_level": {"central": "central", "peripheral": "périphérique", "mixed": "mixte"},
    "lesion_site": {
        "spinal_cord": "moelle",
        "brainstem": "tronc cérébral",
        "thalamus": "thalamus",
        "lenticular": "lenticulaire",
        "cortex": "cortex",
        "other": "autre",
        "phantom_limb": "membre fantôme",
        "cranial": "crânien",
        "radicular": "radiculaire",
        "plexus": "plexus",
        "nerve_trunk": "tronc nerveux",
        "sensory_fibres": "fibres sensitives",
    },
    "aetiology": {
        "ischaemic_stroke": "AVC ischémique",
        "haemorrhagic_stroke": "AVC hémorragique",
        "stroke_unspecified": "AVC nsp",
        "myelopathy": "myélopathie",
        "multiple_sclerosis": "SEP",
        "traumatic_surgical": "traumatique/chir",
        "syrinx": "syrinx",
        "oncology": "oncologie",
        "infarct": "infarctus",
        "trigeminal_neuralgia": "NVT",
        "polyneuropathy": "polyneuropathie",
        "postherpetic_neuralgia": "zona",
        "other": "autre",
        "not_found": "non trouvée",
    },
    "most_painful_component": {
        "burning": "brûlure",
        "deep": "profonde",
        "paroxysmal": "paroxystique",
        "evoked": "évoquée",
        "paresthesia": "paresthésie",
    },
    "exclusion_reason": {
        "language_barrier": "barrière langue",
        "psychiatric_disorder": "trouble psy",
    },
    "stop_reason": {
        "loss_of_efficacy": "perte efficacité",
        "emcs_surgery": "chirurgie",
        "patient_choice": "convenance",
        "intercurrent_event": "évènement intercurrent",
        "tolerance": "tolérance",
        "lost_to_follow_up": "perdu de vue",
        "ongoing": "en cours",
    },
    "protocol": {"m1_20hz": "20Hz M1", "theta_burst": "theta burst", "other": "autre"},
    "target": {"m1_left": "M1 G", "m1_right": "M1 D"},
    "side_effect": {
        "none": "aucun",
        "headache": "céphalée",
        "pain_increase": "majoration douleur",
        "other": "autre",
    },
    "stimulation": {"conventional": "classique", "theta_burst": "theta burst"},
}


def number(value: float) -> str:
    """Return a number with a decimal comma, without trailing zeros; empty if it is missing."""
    if math.isnan(value):
        return ""
    return f"{value:.4f}".rstrip("0").rstrip(".").replace(".", ",")


def date(day: np.datetime64) -> str:
    """Return a day as dd/mm/yyyy; empty if it is missing."""
    if np.isnat(day):
        return ""
    year, month, number_of_day = str(day.astype("datetime64[D]")).split("-")
    return f"{number_of_day}/{month}/{year}"


def code(column: str, value: object) -> str:
    """Return the clinic's word for a code of the warehouse; empty if it is missing."""
    return CODES[column][str(value)] if isinstance(value, str) else ""
