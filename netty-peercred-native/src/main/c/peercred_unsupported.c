// SPDX-License-Identifier: Apache-2.0
//
// Every system that has no file of its own: each question is answered "unsupported".
#include "peercred_lacking.h"
