// The relief model, equations (1) to (8a) of docs/models.md, for Stan: a second writing of
// bayes/relief.py. Courses and kinds of scatter are summed out, so nothing discrete is sampled.
functions {
  // Standard scores of patients as sampled: w = 0 deviations, w = 1 the values themselves.
  vector uncentred(vector sampled, vector mean, real sd, vector w) {
    return mean + exp((1 - w) * log(sd)) .* (sampled - w .* mean);
  }

  // (8) inside 0-100, divided by t: F(h - x) - F(-h - x) with t = exp(-x), edge = exp(h).
  vector inside_cell(vector t, vector edge) {
    return (edge - inv(edge)) ./ ((1 + t .* edge) .* (1 + t ./ edge));
  }
}
data {
  int<lower=1> n_patients;
  int<lower=1> n_rows;                  // sessions; a patient's stand together, in order
  array[n_rows] int<lower=1, upper=n_patients> patient;
  array[n_rows] int<lower=1> session;
  vector<upper=100>[n_rows] report;     // percent; -1 where there is none
  vector<lower=0>[n_rows] width;        // of the last printed decimal, 1 of whole numbers
  array[n_rows] int<lower=0, upper=3> fate;  // unknown, went on, lost efficacy, surgery
  array[n_rows] int<lower=0> asked;     // (7a), at session 4: reports of sessions 1-3 due
  array[n_rows] int<lower=0> unreported;     // and missing
  int<lower=0> n_effects;
  matrix[n_patients, n_effects] design; // (4): what one standard effect adds to the logit
  vector[26] centre;                    // priors on the scale of the link, in the order below
  vector<lower=0>[26] spread;
  matrix<lower=0, upper=1>[n_patients, 3] centred;  // start, plateau, log rate
}
transformed data {
  vector[3] scatter_score = [-sqrt(3), 0, sqrt(3)]';         // (8a)
  vector[3] log_scatter_share = log([1, 4, 1]' / 6);
  vector[4] first_left = [1, 0.5, 0.25, 0]';
  array[3] int onset = {5, 9, 16};                           // (2)

  // Terms: rows as they run if kept, the same rows if flat, then rows after each onset.
  array[n_patients] int first = rep_array(0, n_patients);
  array[n_patients] int last;
  array[n_patients, 3] int before;      // last row up to an onset
  array[n_patients, 3] int from;        // terms after it
  array[n_patients, 3] int to;
  for (n in 1:n_rows) {
    if (first[patient[n]] == 0) first[patient[n]] = n;
    last[patient[n]] = n;
  }
  int n_terms = 2 * n_rows;
  for (k in 1:3) for (n in 1:n_rows) n_terms += session[n] > onset[k];
  array[n_terms] int row;
  vector[n_terms] since = rep_vector(0, n_terms);            // sessions since the onset
  for (n in 1:n_rows) {
    row[n] = n;
    row[n_rows + n] = n;
  }
  int n_before = 2 * n_rows;
  for (k in 1:3) {
    for (i in 1:n_patients) {
      before[i, k] = first[i] - 1;
      from[i, k] = n_before + 1;
      for (n in first[i]:last[i]) {
        if (session[n] <= onset[k]) {
          before[i, k] = n;
        } else {
          n_before += 1;
          row[n_before] = n;
          since[n_before] = session[n] - onset[k];
        }
      }
      to[i, k] = n_before;
    }
  }
  array[n_terms] int of = patient[row];
  array[n_terms] int stage;             // position in first_left
  for (t in 1:n_terms) stage[t] = min(session[row[t]], 4);

  // Which terms have a report at an end of the scale, one inside, a fate that is known, (7a).
  int n_ends = 0;
  int n_inside = 0;
  int n_fates = 0;
  int n_asked = 0;
  for (t in 1:n_terms) {
    n_ends += report[row[t]] == 0 || report[row[t]] == 100;
    n_inside += report[row[t]] > 0 && report[row[t]] < 100;
    n_fates += fate[row[t]] > 0;
    n_asked += asked[row[t]] > 0;
  }
  array[n_ends] int ends;
  array[n_inside] int inside;
  array[n_fates] int fates;
  array[n_asked] int asks;
  vector[n_ends] sign;                  // beyond the end: eta of a 0, 100 - eta of a 100
  vector[n_ends] shift;
  vector[n_inside] value;
  vector[n_inside] half;
  vector[n_inside] on_ten;
  vector[n_inside] on_five;
  vector[n_fates] at_test;
  vector[n_fates] went_on;
  vector[n_fates] lost;
  vector[n_fates] operated;
  vector[n_asked] missing;
  vector[n_asked] given;
  {
    array[4] int at = {0, 0, 0, 0};
    for (t in 1:n_terms) {
      real y = report[row[t]];
      if (y == 0 || y == 100) {
        at[1] += 1;
        ends[at[1]] = t;
        sign[at[1]] = y == 0 ? 1 : -1;
        shift[at[1]] = y;
      } else if (y > 0) {
        at[2] += 1;
        inside[at[2]] = t;
        value[at[2]] = y;
        half[at[2]] = width[row[t]] / 2;
        on_ten[at[2]] = fmod(y, 10) == 0;
        on_five[at[2]] = fmod(y, 5) == 0;
      }
      if (fate[row[t]] > 0) {
        at[3] += 1;
        fates[at[3]] = t;
        at_test[at[3]] = session[row[t]] == 4;
        went_on[at[3]] = fate[row[t]] == 1;
        lost[at[3]] = fate[row[t]] == 2;
        operated[at[3]] = fate[row[t]] == 3;
      }
      if (asked[row[t]] > 0) {
        at[4] += 1;
        asks[at[4]] = t;
        missing[at[4]] = unreported[row[t]];
        given[at[4]] = asked[row[t]] - unreported[row[t]];
      }
    }
  }
  vector[n_rows] log_session = log(to_vector(session));
}
parameters {
  vector[26] score;                     // prior standard scores of the population
  vector[n_effects] effect_score;
  matrix[n_patients, 3] sampled;        // start, plateau, log rate, centred as told
}
transformed parameters {
  vector[26] linked = centre + spread .* score;
  real start_mean = linked[1];
  real start_sd = exp(linked[2]);
  real plateau_mean = linked[3];
  real plateau_sd = exp(linked[4]);
  real start_plateau_correlation = tanh(linked[5]);
  real log_rate_mean = linked[6];
  real log_rate_sd = exp(linked[7]);
  real noise = exp(linked[8]);
  real tens_share = inv_logit(linked[9]);
  real fives_share = inv_logit(linked[10]);
  real relapse_share = inv_logit(linked[11]);
  real relapse_rate = exp(linked[12]);
  real stop_test_low = inv_logit(linked[13]);
  real stop_test_high = inv_logit(linked[14]);
  real stop_later_low = inv_logit(linked[15]);
  real stop_later_high = inv_logit(linked[16]);
  real surgery_low = inv_logit(linked[17]);
  real surgery_high = inv_logit(linked[18]);
  real curve_shape = exp(linked[19]);
  real flat_shift = linked[20];
  real flat_spread = exp(linked[21]);
  real noise_spread = exp(linked[22]);
  real noise_first = exp(linked[23]);
  real missing_low = inv_logit(linked[24]);
  real missing_high = inv_logit(linked[25]);
  vector[n_patients] rising = linked[26] + design * effect_score;  // (4), on the logit

  // (1) patients
  vector[n_patients] start
    = uncentred(sampled[, 1], rep_vector(start_mean, n_patients), start_sd, centred[, 1]);
  vector[n_patients] plateau_given_start = plateau_mean
    + plateau_sd * start_plateau_correlation * (start - start_mean) / start_sd;
  real plateau_sd_given_start = plateau_sd * sqrt(1 - square(start_plateau_correlation));
  vector[n_patients] plateau
    = uncentred(sampled[, 2], plateau_given_start, plateau_sd_given_start, centred[, 2]);
  vector[n_patients] log_rate
    = uncentred(sampled[, 3], rep_vector(log_rate_mean, n_patients), log_rate_sd, centred[, 3]);

  vector[n_patients] log_lik;           // of a patient's reports and fates, courses summed out
  {
    // (1), (2), (3): latent relief of every term
    vector[n_terms] eta;
    vector[n_rows] gain = (plateau - start)[patient]
      .* (1 - exp(-exp(curve_shape * (log_rate[patient] + log_session))));
    eta[1:n_rows] = start[patient] + gain;
    eta[(n_rows + 1):(2 * n_rows)]
      = (start_mean + flat_shift + flat_spread * (start - start_mean))[patient];
    for (t in (2 * n_rows + 1):n_terms)
      eta[t] = start[of[t]] + gain[row[t]] * exp(-relapse_rate * since[t]);

    vector[3] share = [tens_share, (1 - tens_share) * fives_share,
                       (1 - tens_share) * (1 - fives_share)]';
    array[n_patients] vector[15] logs;  // courses within kinds of scatter
    for (z in 1:3) {
      // (8a)
      vector[4] sigma = fmax(noise * exp(noise_spread * scatter_score[z])
                             * (1 + (noise_first - 1) * first_left), 0.5);
      vector[n_terms] log_p = rep_vector(0, n_terms);

      // (8) open cells of 0 and 100: F(h - b)
      if (n_ends > 0) {
        array[n_ends] int s = stage[ends];
        vector[n_ends] b = (shift + sign .* eta[ends]) ./ sigma[s];
        vector[n_ends] low = exp(-b);
        log_p[ends] = log(share[1] * inv(low + exp(-5 * inv(sigma))[s])
                          + share[2] * inv(low + exp(-2.5 * inv(sigma))[s])
                          + share[3] * inv(low + exp(-0.5 * inv(sigma))[s])) - b;
      }
      // (8) the cells between
      if (n_inside > 0) {
        array[n_inside] int s = stage[inside];
        vector[n_inside] x = abs(value - eta[inside]) ./ sigma[s];
        vector[n_inside] t = exp(-x);
        log_p[inside] = log(share[1] * on_ten .* inside_cell(t, exp(5 * inv(sigma))[s])
                            + share[2] * on_five .* inside_cell(t, exp(2.5 * inv(sigma))[s])
                            + share[3] * inside_cell(t, exp(half ./ sigma[s]))) - x;
      }
      // (6), (7)
      if (n_fates > 0) {
        vector[n_fates] q = inv_logit((eta[fates] - 10) ./ sigma[stage[fates]]);
        vector[n_fates] loss
          = at_test .* (stop_test_low + (stop_test_high - stop_test_low) * q)
            + (1 - at_test) .* (stop_later_low + (stop_later_high - stop_later_low) * q);
        vector[n_fates] surgery = surgery_low + (surgery_high - surgery_low) * q;
        log_p[fates] += log((went_on .* (1 - loss) + lost .* loss)
                            .* (1 - (1 - at_test) .* surgery) + operated .* surgery);
      }
      // (7a)
      if (n_asked > 0) {
        vector[n_asked] m = missing_low + (missing_high - missing_low)
          * inv_logit((eta[asks] - 10) ./ sigma[stage[asks]]);
        log_p[asks] += missing .* log(m) + given .* log1m(m);
      }
      // (3) flat, kept, relapses
      for (i in 1:n_patients) {
        int c = 5 * (z - 1);
        real rises = log_scatter_share[z] + log_inv_logit(rising[i]);
        logs[i][c + 1] = log_scatter_share[z] + log1m_inv_logit(rising[i])
          + sum(log_p[(n_rows + first[i]):(n_rows + last[i])]);
        logs[i][c + 2] = rises + log1m(relapse_share) + sum(log_p[first[i]:last[i]]);
        for (k in 1:3)
          logs[i][c + 2 + k] = rises + log(relapse_share / 3)
            + sum(log_p[first[i]:before[i, k]]) + sum(log_p[from[i, k]:to[i, k]]);
      }
    }
    for (i in 1:n_patients) log_lik[i] = log_sum_exp(logs[i]);
  }
}
model {
  score ~ std_normal();
  effect_score ~ std_normal();
  sampled[, 1] ~ normal(centred[, 1] * start_mean, exp(centred[, 1] * log(start_sd)));
  sampled[, 2] ~ normal(centred[, 2] .* plateau_given_start,
                        exp(centred[, 2] * log(plateau_sd_given_start)));
  sampled[, 3] ~ normal(centred[, 3] * log_rate_mean, exp(centred[, 3] * log(log_rate_sd)));
  target += sum(log_lik);
}
generated quantities {
  // Density of start, plateau and log rate given the population, whichever way they are sampled.
  vector[n_patients] log_effects;
  for (i in 1:n_patients)
    log_effects[i] = normal_lpdf(start[i] | start_mean, start_sd)
      + normal_lpdf(plateau[i] | plateau_given_start[i], plateau_sd_given_start)
      + normal_lpdf(log_rate[i] | log_rate_mean, log_rate_sd);
}
