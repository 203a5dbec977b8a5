// SPDX-License-Identifier: Apache-2.0
//
// Random rows of any weight type, made as blocks rather than quantised: random bits for the quants
// and group scales, a float scale for each block so that the weights have mean 0 and about the
// standard deviation asked for. As fast as memory; for files whose speed is to be measured.
//
// Every block is valid: scales are finite, codes that a type does not use do not occur. The same
// seed and calls give the same bytes on every machine. One thread for each object.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

namespace hearth::kernels {

// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
class RandomBits {
 public:
  explicit RandomBits(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }

 private:
  uint64_t state_;
};

class RandomBlocks {
 public:
  // type is a weight type; deviation is between 1e-4 and 1e4.
  RandomBlocks(WeightType type, float deviation, uint64_t seed);

  // The next n blocks (elements of plain types).
  void fill(void* blocks, size_t n);

 private:
  void fill_plain(uint8_t* out, size_t n);
  void set_scales(uint8_t* block);

  WeightType type_;
  float scale_;  // of a block, before its own random factor and sign
  RandomBits bits_;
};

}  // namespace hearth::kernels
