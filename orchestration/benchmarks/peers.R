# Trials a CPU second: lmerTest's fit with Satterthwaite p of given trials, simr's own loop.
# Rscript peers.R trials.csv; the last line is one JSON object, null where a package is absent.
rows <- read.csv(commandArgs(TRUE)[1])
trials <- split(rows, rows$id)
has <- function(name) suppressWarnings(requireNamespace(name, quietly = TRUE))
rate <- function(n, work) {
  n / sum(system.time(work)[c("user.self", "sys.self")])
}
told <- c(lmerTest = "null", simr = "null")
if (has("lmerTest")) {
  fit <- function(d) coef(summary(lmerTest::lmer(y ~ session + (1 | patient), d)))
  invisible(fit(trials[[1]]))  # loading is not counted
  told["lmerTest"] <- rate(length(trials), for (d in trials) fit(d))
}
if (has("simr")) {
  model <- lmerTest::lmer(y ~ session + (1 | patient), trials[[1]])
  test <- simr::fixed("session", "t")
  invisible(simr::powerSim(model, test, nsim = 2, progress = FALSE))
  told["simr"] <- rate(length(trials), simr::powerSim(model, test, nsim = length(trials), progress = FALSE))
}
cat(sprintf('{"lmerTest": %s, "simr": %s}\n', told["lmerTest"], told["simr"]))
