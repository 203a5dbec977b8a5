// SPDX-License-Identifier: Apache-2.0
//
// Every weight type's decoder (decode/form.h says what that is).
#pragma once

#include "kernels/decode/fp4.h"
#include "kernels/decode/iq1.h"
#include "kernels/decode/iq2.h"
#include "kernels/decode/iq3.h"
#include "kernels/decode/iq4.h"
#include "kernels/decode/k_quants.h"
#include "kernels/decode/legacy.h"
#include "kernels/decode/ternary.h"
