// SPDX-License-Identifier: Apache-2.0
//
// The part of Asio that needs no templates (BOOST_ASIO_SEPARATE_COMPILATION): compiled here, once.
#include <boost/asio/impl/src.hpp>
