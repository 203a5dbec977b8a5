// SPDX-License-Identifier: Apache-2.0
//
// Whole vocabularies of real models with llama.cpp's expected ids. They are too large and not ours
// to commit: set HEARTH_SHARED_DATA to a folder that holds vocab/NAME.gguf, .gguf.inp and
// .gguf.out.
#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "text/tokenizer_test_util.h"

namespace hearth::text {
namespace {

std::vector<std::string> vocabularies_in(const std::string& folder) {
  std::vector<std::string> paths;
  DIR* directory = opendir(folder.c_str());
  if (!directory) return paths;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".gguf.out"))
      paths.push_back(folder + "/" + std::string(name.substr(0, name.size() - 4)));
  }
  closedir(directory);
  std::ranges::sort(paths);
  return paths;
}

TEST(VocabData, EveryCaseOfEverySharedVocabulary) {
  const char* shared = std::getenv("HEARTH_SHARED_DATA");
  if (!shared) GTEST_SKIP() << "HEARTH_SHARED_DATA is not set: no vocabularies of real models";
  const auto paths = vocabularies_in(std::string(shared) + "/vocab");
  ASSERT_FALSE(paths.empty()) << shared << "/vocab holds no vocabulary";
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const auto tokenizer = load_tokenizer_file(path);
    if (!tokenizer) {
      ADD_FAILURE() << tokenizer.error().message;
      continue;
    }
    const auto texts = read_test_texts(path + ".inp");
    const auto ids = read_test_ids(path + ".out");
    ASSERT_GE(ids.size(), 40U);
    ASSERT_GE(texts.size(), ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i)
      EXPECT_EQ(encode(**tokenizer, texts[i]), ids[i]) << "case " << i << ": [" << texts[i] << "]";
    std::printf("%s: %s, %zu cases\n", path.c_str(), (*tokenizer)->description().c_str(),
                ids.size());
  }
}

}  // namespace
}  // namespace hearth::text
