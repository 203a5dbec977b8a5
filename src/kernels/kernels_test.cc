// SPDX-License-Identifier: Apache-2.0
#include "kernels/kernels.h"
#include <gtest/gtest.h>
namespace hearth::kernels {
TEST(Kernels, Exp) { EXPECT_NEAR(active().exp(1.0f), 2.7182818f, 1e-6f); }
}  // namespace hearth::kernels
