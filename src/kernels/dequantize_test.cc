// SPDX-License-Identifier: Apache-2.0
//
// Every decoder against blocks that another implementation decoded (tools/kernels/make_golden.py).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels {
namespace {

std::string golden_path() {
  // A larger file, made outside the repository, can be tried in the small one's place.
  const char* other = std::getenv("HEARTH_TEST_GOLDEN");
  return other ? other : HEARTH_SOURCE_DIR "/src/kernels/testdata/dequantize_golden.bin";
}

TEST(Dequantize, EqualsAnotherImplementation) {
  std::ifstream file(golden_path(), std::ios::binary);
  ASSERT_TRUE(file);
  const std::vector<char> data{std::istreambuf_iterator<char>(file), {}};
  std::set<uint32_t> seen;
  for (size_t at = 0; at < data.size();) {
    uint32_t header[3];
    ASSERT_LE(at + sizeof header, data.size());
    std::memcpy(header, data.data() + at, sizeof header);
    at += sizeof header;
    const auto [number, n_bytes, n_floats] = header;
    ASSERT_LT(number, kWeightTypeSlots);
    const auto type = static_cast<WeightType>(number);
    ASSERT_EQ(n_bytes / block_bytes(type) * block_elems(type), n_floats) << number;
    std::vector<float> expected(n_floats), got(n_floats);
    std::memcpy(expected.data(), data.data() + at + n_bytes, n_floats * sizeof(float));
    scalar::table.dequantize[number](data.data() + at, n_floats, got.data());
    at += n_bytes + n_floats * sizeof(float);
    for (size_t i = 0; i < n_floats; ++i) {
      ASSERT_EQ(0, std::memcmp(&expected[i], &got[i], sizeof(float)))
          << "type " << number << " element " << i << ": " << expected[i] << " and " << got[i];
    }
    seen.insert(number);
  }
#define EXPECT_SEEN(name, Decoder) \
  EXPECT_TRUE(seen.contains(static_cast<uint32_t>(WeightType::name)));
#define HEARTH_GROUP_TYPE(name, Decoder) EXPECT_SEEN(name, Decoder)
#define HEARTH_SUPER_TYPE(name, Decoder) EXPECT_SEEN(name, Decoder)
#include "kernels/types.inc"
}

}  // namespace
}  // namespace hearth::kernels
