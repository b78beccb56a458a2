# R's tests of the random tables and samples:
#   python tests/oracles/data/batches/random_batches.py FOLDER
#   Rscript tests/oracles/data/batches/batches.R FOLDER tests/oracles/data/batches
paths <- commandArgs(TRUE)

# Profile-likelihood limits of the log odds ratio: roots of glm's own deviance with a fixed effect.
limits <- function(a, n, b, m) {
  events <- cbind(c(a, b), c(n - a, m - b))
  x <- c(1, 0)
  tight <- glm.control(epsilon = 1e-14, maxit = 100)
  full <- glm(events ~ x, binomial, control = tight)
  best <- deviance(full)
  over <- function(beta) {
    deviance(glm(events ~ 1 + offset(beta * x), binomial, control = tight)) - best - qchisq(0.95, 1)
  }
  at <- coef(full)[["x"]]
  reach <- 10 * sqrt(vcov(full)["x", "x"])
  c(at, uniroot(over, c(at - reach, at), tol = 1e-13)$root, uniroot(over, c(at, at + reach), tol = 1e-13)$root)
}
one <- function(t) {
  p <- fisher.test(matrix(c(t[1], t[2] - t[1], t[3], t[4] - t[3]), 2))$p.value
  inner <- min(t[1], t[2] - t[1], t[3], t[4] - t[3]) > 0
  c(p, if (inner) exp(limits(t[1], t[2], t[3], t[4])) else c(NA, NA, NA))
}
tables <- as.matrix(read.csv(file.path(paths[1], "tables.csv"), header = FALSE))
found <- t(apply(tables, 1, one))
colnames(found) <- c("p", "estimate", "lo", "hi")
write.csv(format(found, digits = 13, trim = TRUE), file.path(paths[2], "tables.csv"), row.names = FALSE, quote = FALSE)

rows <- read.csv(file.path(paths[1], "samples.csv"))
test <- function(...) {
  r <- suppressWarnings(tryCatch(wilcox.test(...), error = function(e) list(statistic = NA, p.value = NA)))
  c(r$statistic, r$p.value)
}
ranks <- t(sapply(split(rows, rows$id), function(d) {
  a <- d$value[d$group == "a"]
  c(test(a, d$value[d$group == "b"]), test(a))
}))
colnames(ranks) <- c("w", "p_rank_sum", "v", "p_signed_rank")
write.csv(format(ranks, digits = 13, trim = TRUE), file.path(paths[2], "ranks.csv"), row.names = FALSE, quote = FALSE)
