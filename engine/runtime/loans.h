#pragma once

#include "engine/command/command.h"
#include "engine/storage/buffer_store.h"

namespace distarray {

/// Whether a command may start now: none of the buffers it reads is lent to a function that may write them, none of
/// those it writes in place, or lends for writing, is lent at all. Later commands of its lane wait with it.
bool MayStart(const CommandBody& command, const BufferStore& store);

}  // namespace distarray
