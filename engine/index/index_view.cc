#include "engine/index/view.h"
