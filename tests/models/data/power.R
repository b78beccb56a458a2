# Power by brute force in R, as simr's powerSim counts it: draw, fit with lmerTest, count p < 0.05.
# R's own random numbers and its own fits; nothing is shared with Plateau.
#   Rscript tests/models/data/power.R > tests/models/data/power.csv
suppressMessages(library(lmerTest))
set.seed(20261126)
replicates <- 1500

one <- function(n, in_group, slope, difference, tau, sigma, stop) {
  d <- expand.grid(session = 1:4, patient = 1:n)
  d$group <- as.numeric(d$patient > n - in_group)
  level <- rnorm(n, 0, tau)[d$patient]
  d$y <- slope * d$session + difference * d$group * d$session + level + rnorm(nrow(d), 0, sigma)
  last <- 1 + rgeom(n, stop)  # the session after which a patient stops
  d <- d[d$session <= last[d$patient], ]
  f <- if (in_group) y ~ session * group + (1 | patient) else y ~ session + (1 | patient)
  m <- suppressMessages(lmerTest::lmer(f, d))
  coef(summary(m))[if (in_group) "session:group" else "session", "Pr(>|t|)"] < 0.05
}
cases <- list(
  one_slope = list(40, 0, 1.6, 0, 20, 12, 1e-9),
  two_slopes = list(80, 30, 2, 4, 20, 18, 1e-9),
  drop_out = list(80, 30, 2, 4, 20, 18, plogis(-1.5)),
  nothing_differs = list(80, 30, 2, 0, 20, 18, plogis(-1.5))
)
cat("case,replicates,rejected\n")
for (name in names(cases)) {
  cat(name, replicates, sum(replicate(replicates, do.call(one, cases[[name]]))), sep = ",")
  cat("\n")
}
