#pragma once

// All of the client library.
#include "distarray/array.h"
#include "distarray/array_info.h"
#include "distarray/call.h"
#include "distarray/context.h"
#include "distarray/distribution.h"
#include "distarray/dtype.h"
#include "distarray/error.h"
#include "distarray/functions.h"
#include "distarray/index.h"
#include "distarray/operand.h"
#include "distarray/operators.h"
#include "distarray/random.h"
#include "distarray/reductions.h"
#include "distarray/scalar.h"
#include "distarray/value.h"
