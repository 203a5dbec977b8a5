// SPDX-License-Identifier: Apache-2.0
#include "format/gguf_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/file.h"
#include "format/gguf_copy.h"
#include "format/gguf_test_util.h"

namespace hearth::format {
namespace {

using testing::HasSubstr;

UniqueFd memory_file() {
  return UniqueFd(memfd_create("gguf", MFD_CLOEXEC));
}

std::string content(const UniqueFd& fd) {
  lseek(fd.get(), 0, SEEK_SET);
  return *read_all(fd.get(), std::size_t{1} << 24);
}

WriteTensor tensor(std::string name, std::vector<std::uint64_t> dims,
                   TensorType type = TensorType::i8) {
  return {std::move(name), type, std::move(dims), {}};
}

// Provides for each tensor as many bytes as it needs, in pieces of up to 100, all of the value
// index.
Result<void> fill_with_index(std::size_t index, TensorSink& sink) {
  const std::vector<std::byte> piece(100, static_cast<std::byte>(index));
  while (sink.n_written() < sink.n_bytes()) {
    const auto n = std::min<std::uint64_t>(piece.size(), sink.n_bytes() - sink.n_written());
    TRY(sink.write(std::span(piece).first(static_cast<std::size_t>(n))));
  }
  return {};
}

WriteModel every_kind_of_value() {
  WriteModel model;
  model.metadata = {
      {"u8", std::uint8_t{1}},
      {"i8", std::int8_t{-1}},
      {"u16", std::uint16_t{2}},
      {"i16", std::int16_t{-2}},
      {"u32", std::uint32_t{3}},
      {"i32", std::int32_t{-3}},
      {"f32", 0.5f},
      {"bool", true},
      {"string", std::string("text")},
      {"u64", std::uint64_t{4}},
      {"i64", std::int64_t{-4}},
      {"f64", 0.25},
      {"u8s", std::vector<std::uint8_t>{1, 2}},
      {"i8s", std::vector<std::int8_t>{-1, 2}},
      {"u16s", std::vector<std::uint16_t>{1, 2}},
      {"i16s", std::vector<std::int16_t>{-1, 2}},
      {"u32s", std::vector<std::uint32_t>{1, 2}},
      {"i32s", std::vector<std::int32_t>{-1, 2}},
      {"f32s", std::vector<float>{1, 2}},
      {"bools", std::vector<bool>{true, false, true}},
      {"strings", std::vector<std::string>{"a", "", "ccc"}},
      {"u64s", std::vector<std::uint64_t>{1, 2}},
      {"i64s", std::vector<std::int64_t>{-1, 2}},
      {"f64s", std::vector<double>{1, 2}},
  };
  return model;
}

TEST(GgufWriter, every_kind_of_value_reads_back) {
  const UniqueFd fd = memory_file();
  ASSERT_TRUE(write_gguf(fd.get(), every_kind_of_value()));
  const ParsedBytes parsed = parse_bytes({content(fd)});
  ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
  const Gguf& gguf = *parsed.gguf;
  EXPECT_EQ(gguf.version(), 3u);
  ASSERT_EQ(gguf.metadata().size(), 24u);
  for (const KeyValue& entry : gguf.metadata()) {
    std::string type(entry.key);
    if (entry.value.type == ValueType::array) {
      type.pop_back();  // the s of the plural
      EXPECT_EQ(name_of(entry.value.array.element_type()), type);
    } else {
      EXPECT_EQ(name_of(entry.value.type), type);
    }
  }
  EXPECT_EQ(gguf.require_uint("u16"), 2u);
  EXPECT_EQ(got(gguf.get_int("i64")), -4);
  EXPECT_EQ(gguf.require_float("f64"), 0.25);
  EXPECT_EQ(gguf.require_string("string"), "text");
  EXPECT_EQ(gguf.require_array("strings", ValueType::string)->string_at(2), "ccc");
  EXPECT_EQ(gguf.require_array("bools", ValueType::boolean)->int_at(2), 1);
  EXPECT_EQ(got(gguf.get_int_array("i8s")).int_at(0), -1);
  EXPECT_EQ(got(gguf.get_float_array("f64s")).float_at(1), 2.0);
  touch_everything(gguf);
}

TEST(GgufCopy, every_kind_of_value_is_written_again) {
  const UniqueFd fd = memory_file();
  ASSERT_TRUE(write_gguf(fd.get(), every_kind_of_value()));
  const std::string bytes = content(fd);
  const ParsedBytes parsed = parse_bytes({bytes});
  ASSERT_TRUE(parsed.gguf);
  WriteModel copy;
  for (const KeyValue& pair : parsed.gguf->metadata())
    copy.metadata.push_back({std::string(pair.key), write_value(pair.value)});
  const UniqueFd again = memory_file();
  ASSERT_TRUE(write_gguf(again.get(), copy));
  EXPECT_EQ(content(again), bytes);
}

TEST(GgufWriter, tensors_read_back_from_spans_and_from_a_source) {
  const std::vector<std::byte> given(68, std::byte{'g'});
  for (const std::uint32_t alignment : {32u, 8u, 4096u}) {
    WriteModel model;
    model.alignment = alignment;
    model.tensors = {tensor("streamed", {256, 3}, TensorType::q4_k), tensor("given", {64}),
                     tensor("last", {5, 1, 1, 7})};
    model.tensors[1] = {"given", TensorType::q8_0, {64}, given};
    const UniqueFd fd = memory_file();
    const auto plan = plan_shards(model);
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->size(), 1u);
    const auto written = write_gguf(fd.get(), model, fill_with_index);
    ASSERT_TRUE(written) << written.error().message;
    const std::string bytes = content(fd);
    EXPECT_EQ(bytes.size(), (*plan)[0].file_bytes);
    const ParsedBytes parsed = parse_bytes({bytes});
    ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
    const Gguf& gguf = *parsed.gguf;
    ASSERT_EQ(gguf.tensors().size(), 3u);
    for (const Tensor& read : gguf.tensors()) EXPECT_EQ(read.file_offset % alignment, 0u);
    EXPECT_EQ(gguf.find_tensor("streamed")->bytes.size(), 432u);
    EXPECT_EQ(gguf.find_tensor("given")->bytes.back(), std::byte{'g'});
    EXPECT_EQ(gguf.find_tensor("last")->dims, (std::array<std::uint64_t, 4>{5, 1, 1, 7}));
    EXPECT_EQ(gguf.find_tensor("last")->bytes.back(), std::byte{2});
  }
}

TEST(GgufWriter, the_same_model_gives_the_same_bytes) {
  WriteModel model = every_kind_of_value();
  model.tensors = {tensor("t", {10})};
  const UniqueFd one = memory_file();
  const UniqueFd two = memory_file();
  ASSERT_TRUE(write_gguf(one.get(), model, fill_with_index));
  ASSERT_TRUE(write_gguf(two.get(), model, fill_with_index));
  EXPECT_EQ(content(one), content(two));
}

std::vector<std::string> write_split(const WriteModel& model, const SplitLimits& limits) {
  const auto plans = plan_shards(model, limits);
  EXPECT_TRUE(plans);
  std::vector<std::string> files;
  for (const ShardPlan& plan : *plans) {
    const UniqueFd fd = memory_file();
    EXPECT_TRUE(write_shard(fd.get(), model, plan, fill_with_index));
    files.push_back(content(fd));
    EXPECT_EQ(files.back().size(), plan.file_bytes);
  }
  return files;
}

TEST(GgufWriter, splits_by_tensors_and_by_bytes) {
  WriteModel model;
  model.metadata = {{"general.name", std::string("split")}};
  for (int i = 0; i < 10; ++i) model.tensors.push_back(tensor("t" + std::to_string(i), {64}));
  model.tensors[4].dims = {1000};
  EXPECT_EQ(write_split(model, {}).size(), 1u);
  EXPECT_EQ(write_split(model, {.max_tensors = 100}).size(), 1u);
  for (const SplitLimits limits :
       {SplitLimits{.max_tensors = 1}, SplitLimits{.max_tensors = 3}, SplitLimits{.max_tensors = 5},
        SplitLimits{.max_tensor_bytes = 128}, SplitLimits{.max_tensor_bytes = 1},
        SplitLimits{.max_tensor_bytes = 192, .max_tensors = 2}}) {
    const std::vector<std::string> files = write_split(model, limits);
    EXPECT_GT(files.size(), 1u);
    const ParsedBytes parsed = parse_bytes(files);
    ASSERT_TRUE(parsed.gguf) << parsed.gguf.error().message;
    EXPECT_EQ(parsed.gguf->require_string("general.name"), "split");
    EXPECT_EQ(parsed.gguf->require_uint("split.count"), files.size());
    ASSERT_EQ(parsed.gguf->tensors().size(), 10u);
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_EQ(parsed.gguf->tensors()[i].bytes.back(), static_cast<std::byte>(i));
    }
  }
  EXPECT_EQ(write_split(model, {.max_tensors = 3}).size(), 4u);
  EXPECT_EQ(write_split(model, {.max_tensor_bytes = 128}).size(), 6u);  // 2 2 big 2 2 1
}

TEST(GgufWriter, refuses_what_the_reader_would_refuse) {
  const auto refusal = [](const WriteModel& model) -> std::string {
    const auto plan = plan_shards(model);
    if (plan) return "(accepted)";
    EXPECT_EQ(plan.error().code, ErrorCode::failed);
    return plan.error().message;
  };
  const auto with_key = [](std::string key) {
    WriteModel model;
    model.metadata = {{std::move(key), true}};
    return model;
  };
  const auto with_tensor = [](WriteTensor t) {
    WriteModel model;
    model.tensors = {std::move(t)};
    return model;
  };
  EXPECT_EQ(refusal(with_key("fine")), "(accepted)");
  EXPECT_THAT(refusal(with_key("")), HasSubstr("empty or too long"));
  EXPECT_THAT(refusal(with_key(std::string(65536, 'k'))), HasSubstr("empty or too long"));
  EXPECT_THAT(refusal(with_key("k\n")), HasSubstr("cannot write key k\\n: it is not printable"));
  EXPECT_THAT(refusal(with_key("split.no")), HasSubstr("for the writer to set"));
  EXPECT_THAT(refusal(with_key("general.alignment")), HasSubstr("for the writer to set"));
  EXPECT_THAT(refusal({.metadata = {{"k", true}, {"k", false}}}), HasSubstr("given twice"));

  EXPECT_EQ(refusal(with_tensor(tensor("t", {1}))), "(accepted)");
  EXPECT_THAT(refusal(with_tensor(tensor("", {1}))), HasSubstr("name is empty"));
  EXPECT_THAT(refusal(with_tensor(tensor(std::string(129, 't'), {1}))), HasSubstr("too long"));
  EXPECT_THAT(refusal(with_tensor(tensor("t", {}))), HasSubstr("1 to 4 dimensions"));
  EXPECT_THAT(refusal(with_tensor(tensor("t", {1, 1, 1, 1, 1}))), HasSubstr("1 to 4 dimensions"));
  EXPECT_THAT(refusal(with_tensor(tensor("t", {4, 0}))), HasSubstr("a dimension is 0"));
  EXPECT_THAT(refusal(with_tensor(tensor("t", {33}, TensorType::q8_0))), HasSubstr("blocks"));
  EXPECT_THAT(refusal(with_tensor(tensor("t", {std::uint64_t{1} << 63, 2}))),
              HasSubstr("too large"));
  EXPECT_THAT(refusal(with_tensor(tensor("t", {std::uint64_t{1} << 62}, TensorType::f32))),
              HasSubstr("too large"));
  const std::vector<std::byte> short_data(3);
  EXPECT_THAT(refusal(with_tensor({"t", TensorType::i8, {4}, short_data})),
              HasSubstr("not of the size"));
  EXPECT_THAT(refusal({.tensors = {tensor("t", {1}), tensor("t", {1})}}), HasSubstr("given twice"));
  EXPECT_THAT(refusal({.tensors = {tensor("a", {std::uint64_t{1} << 61}),
                                   tensor("b", {std::uint64_t{1} << 62})}}),
              HasSubstr("larger than any file"));
  for (const std::uint32_t alignment : {0u, 4u, 33u, 1u << 21}) {
    EXPECT_THAT(refusal({.alignment = alignment}), HasSubstr("alignment"));
  }
}

TEST(GgufWriter, a_source_must_give_exactly_the_data) {
  WriteModel model;
  model.tensors = {tensor("t", {100})};
  const UniqueFd fd = memory_file();
  const std::vector<std::byte> data(101);
  const auto give = [&](std::size_t n) {
    return write_gguf(fd.get(), model, [&](std::size_t, TensorSink& sink) {
      return sink.write(std::span(data).first(n));
    });
  };
  EXPECT_TRUE(give(100));
  EXPECT_THAT(give(99).error().message, HasSubstr("tensor t: fewer bytes"));
  EXPECT_THAT(give(101).error().message, HasSubstr("more than that"));
  EXPECT_THAT(write_gguf(fd.get(), model).error().message, HasSubstr("nobody provides its data"));
  const auto failing = write_gguf(fd.get(), model, [](std::size_t, TensorSink&) -> Result<void> {
    return fail(ErrorCode::cancelled, "stop");
  });
  EXPECT_EQ(failing.error().code, ErrorCode::cancelled);
}

TEST(GgufWriter, a_failed_write_is_an_error) {
  WriteModel model;
  model.tensors = {tensor("t", {100000})};
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  const auto written = write_gguf(full.get(), model, fill_with_index);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::io);
  EXPECT_FALSE(write_gguf(-1, model, fill_with_index));

  // The head fits, the data do not.
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  EXPECT_FALSE(write_gguf(writing.get(), model, fill_with_index));
}

}  // namespace
}  // namespace hearth::format
