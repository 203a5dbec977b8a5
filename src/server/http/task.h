// SPDX-License-Identifier: Apache-2.0
//
// Coroutines of the front. A Task<T> starts when it is awaited and runs on the I/O thread of the
// connection it belongs to; so whatever a connection owns needs no lock. Asio's type under a name
// of ours: handlers await what ResponseWriter and Wakeup offer and need nothing else of Asio.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace hearth::server {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace hearth::server
