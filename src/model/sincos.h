// SPDX-License-Identifier: Apache-2.0
//
// Sine and cosine in double precision, our own so that every machine computes the same bits (libm's
// differ with the instruction set it picks at run time).
#pragma once

namespace hearth::model {

struct SinCos {
  double sin;
  double cos;
};

// Within 2 ulp for |x| < 2^30; x must be finite.
SinCos sincos(double x);

}  // namespace hearth::model
