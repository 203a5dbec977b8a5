// SPDX-License-Identifier: Apache-2.0
//
// The numbers of our exp and tanh, shared by every instruction set (scalar/exp.cc explains them).
#pragma once

namespace hearth::kernels {
namespace {

constexpr float kExpMax = 89.0f, kExpMin = -104.0f;  // beyond: infinity and zero by then anyway
constexpr float kLog2E = 0x1.715476p+0f;
constexpr float kRoundMagic = 0x1.8p23f;  // adding it rounds to an integer, half to even
constexpr float kLn2High = 0x1.62e430p-1f, kLn2Low = -0x1.05c610p-29f;
// (exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2, lowest power first; relative error of exp 3.1e-9.
constexpr float kExpPoly[5] = {0x1.fffffcp-2f, 0x1.55549p-3f, 0x1.5558f6p-5f, 0x1.123a8ep-7f,
                               0x1.6a2318p-10f};
// (tanh(x) - x) / x^3 as a polynomial of x^2 on |x| <= 0.625; relative error of tanh 4.4e-9.
constexpr float kTanhSmall = 0.625f;
constexpr float kTanhPoly[5] = {-0x1.555532p-2f, 0x1.110726p-3f, -0x1.b83c5ap-5f, 0x1.52269cp-6f,
                                -0x1.75e1cep-8f};

}  // namespace
}  // namespace hearth::kernels
