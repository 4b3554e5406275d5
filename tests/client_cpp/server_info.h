#pragma once

#include "distarray/v1/session.pb.h"

namespace distarray::inline client {

/// Capabilities as a daemon sends them: NumPy's promotions, and a few functions.
v1::ServerInfo SmallServerInfo();

}  // namespace distarray::inline client
