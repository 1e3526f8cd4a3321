/* What other compiled programs call (fastloss/include/fastloss.h), and the instruction set of the process. */
#ifndef FL_CAPI_H
#define FL_CAPI_H

#include "fastloss.h"

extern _Atomic int fl_current_isa;
extern const fastloss_api fl_api;

/* The function double(residual, parameters...), or double(pred[, target], parameters...), of fl_losses[loss]; NULL where
 * its value is not of the kernels alone. */
typedef void (*fl_function)(void);
fl_function fl_scalar_function(int loss);

#endif
