# SPDX-License-Identifier: Apache-2.0
"""lm-eval's local-completions: the log-likelihoods that it gets are those of `hearth logits`.

Its requests and its reading of the answers are lm-eval's own; only the tokenizer, which it would take
from the hub, is the server's.
"""

import math

from lm_eval.models.openai_completions import LocalCompletionsAPI

from hearth_server import MODEL, ServerTest, logits

CASES = [("The house is", " red"), ("One two three", " four five six"), ("a", "b"),
         ("It was the best of times, it was the worst of", " times"), ("x y z", " \u00e4\u00f6\u00fc \u65e5")]


def expected(context, continuation):
    """Sum of log softmax over the continuation, in float64, and whether each token is the likeliest."""
    rows = logits(context + continuation)
    total, is_greedy = 0.0, True
    for i, token in enumerate(continuation):
        row = rows[len(context) + i - 1]
        most = max(row)
        total += row[token] - most - math.log(math.fsum(math.exp(x - most) for x in row))
        is_greedy = is_greedy and row[token] == most
    return total, is_greedy


class LmEvalTest(ServerTest):
    flags = ("-np", "8")

    def model(self, **more):
        api = LocalCompletionsAPI(base_url=self.server.api + "/completions", model=MODEL,
                                  tokenizer_backend="none", max_retries=1, **more)
        # It asks for one before it takes tokens, and does not use it then.
        api.tokenizer, api.tokenized_requests = "the server's", True
        return api

    def test_loglikelihoods(self):
        requests = [((context, continuation), self.server.tokens(context), self.server.tokens(continuation))
                    for context, continuation in CASES]
        # A continuation that the model itself would choose.
        greedy = self.server.post("/v1/completions", {"prompt": requests[0][1], "max_tokens": 1,
                                                      "temperature": 0, "logprobs": 0})
        rows = logits(requests[0][1])
        likeliest = max(range(len(rows[-1])), key=rows[-1].__getitem__)
        requests.append((("greedy", greedy["choices"][0]["text"]), requests[0][1], [likeliest]))
        wanted = [expected(context, continuation) for _, context, continuation in requests]
        self.assertEqual([is_greedy for _, is_greedy in wanted][-1], True)
        for more in ({}, {"num_concurrent": 4}, {"batch_size": 3}):
            got = self.model(**more)._loglikelihood_tokens(requests, disable_tqdm=True)
            for (total, is_greedy), (ours, ours_is_greedy) in zip(got, wanted, strict=True):
                self.assertAlmostEqual(total, ours, delta=2e-5 * max(1, abs(ours)), msg=str(more))
                self.assertEqual(is_greedy, ours_is_greedy)
