# Power of complete designs as simr counts it (powerSim, Satterthwaite's t): simr draws and fits.
#   Rscript tests/models/data/simr.R > tests/models/data/simr.csv
suppressMessages({library(lmerTest); library(simr)})
set.seed(20261127)
simrOptions(progress = FALSE)
replicates <- 1000

two <- expand.grid(session = 1:4, patient = 1:80)
two$group <- as.numeric(two$patient > 50)
one <- expand.grid(session = 1:4, patient = 1:40)
models <- list(
  one_slope = list(
    makeLmer(y ~ session + (1 | patient), c(0, 1.6), 20^2, 12, one), "session"
  ),
  two_slopes = list(
    makeLmer(y ~ session * group + (1 | patient), c(0, 2, 0, 4), 20^2, 18, two), "session:group"
  )
)
cat("case,replicates,rejected\n")
for (name in names(models)) {
  test <- fixed(models[[name]][[2]], "t")
  power <- powerSim(models[[name]][[1]], test, nsim = replicates)
  cat(name, power$n, power$x, sep = ",")
  cat("\n")
}
