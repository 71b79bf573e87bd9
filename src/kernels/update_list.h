// update_list.h: the steps of optimizers, for their numbers (update.h) and the tables of both update.c. What each
// computes stands in kernels/update.c. Included several times, so without a guard.
//     STEP(name, slots, numbers)   slots: tensors like the weights that it keeps; numbers: what it reads beside those
//                                  that every step has
STEP(sgd, 0, 1)                       // rate
STEP(sgd_momentum, 1, 2)              // velocity: rate, momentum
STEP(sgd_nesterov, 1, 2)              // the same
STEP(rmsprop, 1, 3)                   // r: rate, rho, epsilon
STEP(rmsprop_centered, 2, 3)          // r, mean: the same
STEP(rmsprop_momentum, 2, 4)          // r, velocity: rate, rho, epsilon, momentum
STEP(rmsprop_centered_momentum, 3, 4) // r, mean, velocity: the same
STEP(adagrad, 1, 2)                   // sum: rate, epsilon
STEP(adadelta, 2, 3)                  // r, u: rate, rho, epsilon
STEP(adam, 2, 4)                      // m, v: rate, beta_1, beta_2, epsilon
STEP(adam_amsgrad, 3, 4)              // m, v, largest v: the same
STEP(adamax, 2, 4)                    // m, u: the same
STEP(nadam, 2, 6)                     // m, v: share of g, of m, beta_1, beta_2, scale of v, epsilon
STEP(lion, 1, 3)                      // m: rate, beta_1, beta_2
STEP(ftrl, 2, 4)                      // n, z: rate, l1, l2, shrinkage
STEP(ftrl_power, 2, 5)                // the same, and power (minus learning_rate_power)
STEP(average, 0, 1)                   // the weights are a moving average, the gradient what it follows: momentum

#undef STEP
