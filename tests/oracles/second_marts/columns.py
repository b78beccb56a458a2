"""Columns of every mart, as its contract names them, and the columns that identify a row."""

COLUMNS = {
    name: text.split()
    for name, text in {
        "patients": """row_key patient_id age_years sex laterality topography lesion_level
            lesion_site aetiology stroke_type pain_duration_years nrs_initial first_session_date
            last_session_date n_sessions follow_up_years exclusion_reason stop_reason stop_date
            is_ongoing flow_state n_courses median_interval_days test_period_conformity
            has_covid_gap is_operated is_synthetic""",
        "sessions": """row_key patient_id session_no session_no_recorded session_date
            days_since_previous pain_relief_pct relief_duration_days gnpsi ssnpsi side_effect
            course_no days_to_next relief_row_key evaluation_date is_asked_late
            is_relief_duration_capped side_effect_serious is_synthetic""",
        "flow": "step_no step n_patients n_sessions",
        "baseline": """patient_id age_years sex laterality topography lesion_level lesion_site
            aetiology pain_duration_years nrs_initial gnpsi_baseline burning_baseline
            deep_baseline paroxysmal_baseline evoked_baseline paresthesia_baseline
            most_painful_component is_synthetic""",
        "test_period": """patient_id pain_relief_pct_s1 pain_relief_pct_s2 pain_relief_pct_s3
            pain_relief_pct_s4 relief_duration_days_s1 relief_duration_days_s2
            relief_duration_days_s3 relief_duration_days_s4 gnpsi_s0 gnpsi_s1 gnpsi_s2 gnpsi_s3
            gnpsi_s4 ssnpsi_s0 ssnpsi_s1 ssnpsi_s2 ssnpsi_s3 ssnpsi_s4 responder_status
            is_synthetic""",
        "test_period_long": """row_key patient_id session_no pain_relief_pct relief_duration_days
            gnpsi ssnpsi responder_status lesion_level is_synthetic""",
        "status": """patient_id status_relief_pct status_source responder_status relief_category
            is_ge10 is_ge30 is_ge50 is_gt30 relief_band responder_status_locf
            responder_status_worst responder_status_max_1_4 responder_status_mean_3_4
            lesion_level stroke_type is_synthetic""",
        "bands": """row_key patient_id relief_band n_sessions is_stopped_for_inefficacy
            has_reached_15 relief_at_15_pct relief_at_30_pct is_ge30_at_15 is_synthetic""",
        "transitions": """row_key patient_id responder_status n_extra_sessions is_ephemeral
            session_at_stop is_late_loss is_late_responder conversion_session_no
            is_late_responder_two_consecutive conversion_two_consecutive_session_no
            is_synthetic""",
        "landmarks": """landmark_session n_responders n_ongoing_before n_denominator
            n_stopped_before stopped_share stopped_share_of_all n_reached n_relief_known
            mean_relief_pct n_stopped_loss_of_efficacy n_stopped_emcs_surgery n_stopped_other""",
        "long_term": """population session_no n_treated n_observed mean_relief_pct sd_relief_pct
            n_stopped n_censored""",
        "intervals": """row_key patient_id session_no interval_days phase is_long_gap has_covid_gap
            relief_duration_days relief_coverage is_headline is_synthetic""",
        "npsi": """row_key patient_id session_no burning deep paroxysmal evoked paresthesia n_items
            gnpsi gnpsi_prorated gnpsi_equal_weight gnpsi_recorded recorded_difference
            most_painful_component component_source is_component_tie ssnpsi ssnpsi_recorded
            is_synthetic""",
        "emcs": """row_key patient_id surgery_date rtms_last_relief_pct n_sessions_before
            emcs_first_relief_pct emcs_first_months emcs_last_relief_pct emcs_last_months
            emcs_category is_first_in_window is_first_conventional n_evaluations n_electrodes
            has_complication rtms_last_is_responder responder_status is_synthetic""",
        "safety": """row_key patient_id session_no event_date event_type is_serious
            is_synthetic""",
        "safety_counts": """event_type unit n_events n_asked n_units n_serious
            n_seriousness_known""",
    }.items()
}

KEYS = {
    "flow": ["step"],
    "sessions": ["patient_id", "session_no"],
    "test_period_long": ["patient_id", "session_no"],
    "intervals": ["patient_id", "session_no"],
    "npsi": ["patient_id", "session_no"],
    "landmarks": ["landmark_session"],
    "long_term": ["population", "session_no"],
    "safety": ["patient_id", "event_type", "row_key"],
    "safety_counts": ["event_type", "unit"],
}


def key_of(mart: str) -> list[str]:
    """Columns that identify a row of a mart; the patient where nothing else is said."""
    return KEYS.get(mart, ["patient_id"])
