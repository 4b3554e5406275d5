#pragma once

#include <sys/types.h>

namespace distarray::server {

/// Removes what a user id that is not ours has left where everybody may write: in /tmp, /var/tmp, /dev/shm and
/// /dev/mqueue. Links are not followed, and files of others stay wherever they lie. Stops after about a second: who has
/// left more than can be removed in that time is not to keep us. Precondition: none of the user's processes runs.
void RemoveFilesOf(uid_t uid);

}  // namespace distarray::server
