// SPDX-License-Identifier: Apache-2.0
#include "fetch/download.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "base/test_bytes.h"
#include "base/test_support.h"
#include "fetch/content_range_internal.h"
#include "fetch/test_hub_test_util.h"

namespace hearth::fetch {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr std::uint64_t kPiece = 64 << 10;

class DownloadTest : public testing::Test {
 protected:
  test::TempDir dir_;
  std::string contents_ = test::random_bytes(10 * kPiece + 1234, 7);

  DownloadOptions to(const TestHub& hub, std::string sha256 = {}) {
    return {.url = hub.url("/m.gguf"),
            .sha256 = std::move(sha256),
            .folder = dir_.path(),
            .piece_bytes = kPiece,
            .retry = {.tries = 4, .first_wait = milliseconds(1), .longest_wait = milliseconds(4)},
            .stall = std::chrono::seconds(1)};
  }
  void expect_whole(const Result<Downloaded>& got, bool verified) {
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->verified, verified);
    EXPECT_EQ(got->sha256, test::sha256_of(contents_));
    EXPECT_EQ(read_file(got->path, 1 << 24).value(), contents_);
  }
  std::size_t files() {
    std::size_t n = 0;
    for (const char* end : {".part", ".journal"})
      n += ::access((dir_.file(test::sha256_of(contents_)) + end).c_str(), F_OK) == 0 ? 1 : 0;
    return n;
  }
};

std::uint64_t bytes_asked(const TestHub& hub) {
  std::uint64_t bytes = 0;
  for (const SeenRequest& seen : hub.requests()) {
    const std::string range = seen.header("range");
    const auto dash = range.find('-');
    bytes += *parse_count(range.substr(dash + 1)) - *parse_count(range.substr(6, dash - 6)) + 1;
  }
  return bytes;
}

TEST_F(DownloadTest, FetchesPiecesAndChecksTheHash) {
  TestHub hub([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  auto got = download(to(hub, test::sha256_of(contents_)));
  expect_whole(got, true);
  EXPECT_EQ(hub.requests().size(), 12u);  // one to ask, eleven pieces
  got->finish();
  EXPECT_EQ(files(), 1u);
}

TEST_F(DownloadTest, TakesTheHubsHashOverARedirect) {
  TestHub store([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  std::string announced = test::sha256_of(contents_);
  TestHub hub([&](const SeenRequest&) {
    return redirect_to(store.url("/blob"), {"X-Linked-ETag: \"" + announced + "\"",
                                            "X-Linked-Size: " + std::to_string(contents_.size())});
  });
  expect_whole(download(to(hub)), true);
  announced = std::string(64, 'a');
  const auto wrong = download(to(hub));
  EXPECT_EQ(wrong.error().code, ErrorCode::integrity);
  // Pinned otherwise: refused before a byte is fetched.
  const auto before = store.requests().size();
  EXPECT_EQ(download(to(hub, test::sha256_of(contents_))).error().code, ErrorCode::integrity);
  EXPECT_EQ(store.requests().size(), before + 1);
}

TEST_F(DownloadTest, AWrongHashIsRefusedAndNothingKept) {
  const std::string good = test::sha256_of(contents_);
  TestHub hub([&](const SeenRequest& seen) {
    std::string bad = contents_;
    bad[300'000] ^= 1;
    return serve_file(seen, bad);
  });
  const auto got = download(to(hub, good));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::integrity);
  EXPECT_EQ(files(), 0u);
}

TEST_F(DownloadTest, DamageOnTheWayIsFetchedAgainWithoutTheRest) {
  const std::string announced = "X-Linked-ETag: \"" + test::sha256_of(contents_) + "\"";
  std::atomic<int> n_damaged = 0;
  TestHub hub([&](const SeenRequest& seen) {
    std::string sent = contents_;
    const bool third = seen.header("range").starts_with("bytes=" + std::to_string(3 * kPiece));
    if (third && n_damaged++ == 0) sent[3 * kPiece + 17] ^= 1;
    return serve_file(seen, sent, {announced});
  });
  expect_whole(download(to(hub)), true);
  EXPECT_EQ(n_damaged, 2);
  // Of eleven pieces the first four came twice.
  EXPECT_EQ(bytes_asked(hub), contents_.size() + 4 * kPiece + 1);
}

TEST_F(DownloadTest, OldBeginningsAreSwept) {
  const auto put = [&](const std::string& name, int days) {
    const std::string path = dir_.write(name, "x");
    const timespec then{::time(nullptr) - days * 86400L, 0};
    const timespec times[2] = {then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  };
  for (const char* name : {"old.part", "old.journal", "orphan.part", "busy.part", "busy.journal"})
    put(name, 20);
  put("mixed.part", 20);
  for (const char* name : {"mixed.journal", "new.part", "new.journal"}) put(name, 1);
  put("other.txt", 20);
  const UniqueFd busy(::open(dir_.file("busy.journal").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(busy.get(), LOCK_EX), 0);
  ASSERT_TRUE(sweep_partial(dir_.path()));
  const auto there = [&](const char* name) { return ::access(dir_.file(name).c_str(), F_OK) == 0; };
  for (const char* name : {"old.part", "old.journal", "orphan.part"}) EXPECT_FALSE(there(name));
  for (const char* name : {"busy.part", "busy.journal", "mixed.part", "mixed.journal", "new.part",
                           "new.journal", "other.txt"})
    EXPECT_TRUE(there(name)) << name;
  EXPECT_TRUE(sweep_partial(dir_.file("none")));
}

TEST_F(DownloadTest, WithoutAHashItSaysSo) {
  TestHub hub([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  expect_whole(download(to(hub)), false);
}

TEST_F(DownloadTest, AServerWithoutRangesWorksToo) {
  TestHub hub([&](const SeenRequest&) { return reply(200, {}, contents_); });
  expect_whole(download(to(hub, test::sha256_of(contents_))), true);
}

TEST_F(DownloadTest, GetsOverResetsShortBodiesAndBusyServers) {
  std::atomic<int> n = 0;
  TestHub hub([&](const SeenRequest& seen) {
    const int turn = n++;
    if (turn % 3 == 1) return reply(turn % 2 == 0 ? 503 : 429, {}, "later");
    RawReply answer = serve_file(seen, contents_);
    if (turn % 3 == 2) {
      answer.bytes.resize(answer.bytes.size() - answer.bytes.size() / 3);
      answer.reset = true;
    }
    return answer;
  });
  auto options = to(hub, test::sha256_of(contents_));
  options.retry.tries = 30;
  expect_whole(download(options), true);
}

TEST_F(DownloadTest, WrongRangesAndLengthsAreNotBelieved) {
  for (const char* kind : {"shifted", "other total", "whole", "too long", "no range"}) {
    std::atomic<int> n = 0;
    TestHub hub([&, word = std::string_view(kind)](const SeenRequest& seen) {
      if (n++ == 0) return serve_file(seen, contents_);
      if (word == "whole") return reply(200, {}, contents_);
      if (word == "no range") return reply(206, {}, std::string(kPiece, 'x'));
      if (word == "shifted")
        return reply(206, {"Content-Range: bytes 1-65536/656594"}, std::string(kPiece, 'x'));
      if (word == "other total")
        return reply(206, {"Content-Range: bytes 0-65535/65536"}, std::string(kPiece, 'x'));
      const std::string range = seen.header("range").substr(6);
      return reply(206, {"Content-Range: bytes " + range + "/" + std::to_string(contents_.size())},
                   std::string(2 * kPiece, 'x'));
    });
    const auto got = download(to(hub, test::sha256_of(contents_)));
    ASSERT_FALSE(got) << kind;
    EXPECT_LT(hub.requests().size(), 60u) << kind;
  }
}

TEST_F(DownloadTest, AFileThatChangesMeanwhileIsRefused) {
  std::atomic<int> n = 0;
  TestHub hub([&](const SeenRequest& seen) {
    return serve_file(seen, contents_, {"ETag: \"" + std::string(n++ < 5 ? "a" : "b") + "\""});
  });
  EXPECT_EQ(download(to(hub)).error().code, ErrorCode::integrity);
}

TEST_F(DownloadTest, GoesOnWhereItStopped) {
  std::atomic<int> n = 0;
  TestHub hub([&](const SeenRequest& seen) {
    if (n++ > 6) return reply(500, {}, "");
    return serve_file(seen, contents_);
  });
  auto options = to(hub, test::sha256_of(contents_));
  options.n_connections = 1;
  ASSERT_FALSE(download(options));
  EXPECT_EQ(files(), 2u);
  TestHub second([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  expect_whole(download(to(second, test::sha256_of(contents_))), true);
  EXPECT_EQ(bytes_asked(second), contents_.size() - 6 * kPiece + 1);
}

TEST_F(DownloadTest, ADamagedPieceAloneIsFetchedAgain) {
  const std::string good = test::sha256_of(contents_);
  TestHub hub([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  const std::string path = download(to(hub, good)).value().path;  // not finished: all stays
  std::FILE* part = std::fopen(path.c_str(), "r+b");
  ASSERT_NE(part, nullptr);
  std::fseek(part, 3 * kPiece + 5, SEEK_SET);
  std::fputc(contents_[3 * kPiece + 5] ^ 1, part);
  std::fclose(part);
  TestHub second([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  expect_whole(download(to(second, good)), true);
  EXPECT_EQ(bytes_asked(second), kPiece + 1);
}

TEST_F(DownloadTest, TwoAtOnceDoNotMeet) {
  TestHub hub([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  const auto first = download(to(hub, test::sha256_of(contents_)));
  ASSERT_TRUE(first);
  EXPECT_THAT(download(to(hub, test::sha256_of(contents_))).error().message,
              HasSubstr("another process"));
}

TEST_F(DownloadTest, CanBeStoppedAndGoesOn) {
  TestHub hub([&](const SeenRequest& seen) {
    RawReply slow = serve_file(seen, contents_);
    slow.delay_ms = seen.header("range") == "bytes=0-0" ? 0 : 100;
    return slow;
  });
  std::stop_source stop;
  auto options = to(hub, test::sha256_of(contents_));
  options.stop = stop.get_token();
  options.progress = [&](std::uint64_t done, std::uint64_t) {
    if (done > 0) stop.request_stop();
  };
  const auto got = download(options);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::cancelled);
  options.stop = {};
  expect_whole(download(options), true);
}

// However often and whenever the process is killed: what is there in the end is the file.
TEST_F(DownloadTest, SurvivesBeingKilled) {
  TestHub hub([&](const SeenRequest& seen) {
    RawReply slow = serve_file(seen, contents_);
    slow.delay_ms = 20;
    return slow;
  });
  std::mt19937 random(11);
  for (int round = 0; round < 12; ++round) {
    const auto delay = std::chrono::milliseconds(20 + random() % 120);
    test::run_in_child([&] {
      std::thread killer([&] {
        std::this_thread::sleep_for(delay);
        ::kill(::getpid(), SIGKILL);
      });
      const auto got = download(to(hub, test::sha256_of(contents_)));
      killer.detach();
      return got ? 0 : 1;
    });
  }
  expect_whole(download(to(hub, test::sha256_of(contents_))), true);
}

TEST_F(DownloadTest, AFullDiskIsAnErrorAndNotAWrongFile) {
  TestHub hub([&](const SeenRequest& seen) { return serve_file(seen, contents_); });
  const auto end = test::run_in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{contents_.size() / 2, contents_.size() / 2};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto got = download(to(hub, test::sha256_of(contents_)));
    return !got && got.error().code == ErrorCode::io ? 0 : 1;
  });
  EXPECT_EQ(end.exit_code(), 0) << end.errors;
  expect_whole(download(to(hub, test::sha256_of(contents_))), true);
}

TEST(ContentRange, TakesNothingButTheForm) {
  const auto good = parse_content_range("bytes 2-4/10");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->first, 2u);
  EXPECT_EQ(good->last, 4u);
  EXPECT_EQ(good->total, 10u);
  for (const char* text : {"", "bytes", "bytes 4-2/10", "bytes 0-10/10", "bytes 0-1/*",
                           "bytes */10", "bytes -1-2/10", "bytes 0-1/10 ", "bytes 0/1-10",
                           "items 0-1/10", "bytes 0-99999999999999999999/999999999999999999999"})
    EXPECT_FALSE(parse_content_range(text)) << text;
}

}  // namespace
}  // namespace hearth::fetch
