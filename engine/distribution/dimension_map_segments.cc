#include "engine/distribution/dimension_map.h"
