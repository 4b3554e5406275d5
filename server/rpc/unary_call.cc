#include "server/rpc/unary_call.h"

namespace distarray::server {
namespace {

template <typename Part>
bool TakeIf(bool present, Part* (v1::Reply::*part)(), v1::Reply& reply, Part* out) {
  if (present) {
    *out = std::move(*(reply.*part)());
  }
  return present;
}

}  // namespace

bool TakeReply(v1::Reply& reply, v1::Done* out) {
  return TakeIf(reply.has_done(), &v1::Reply::mutable_done, reply, out);
}
bool TakeReply(v1::Reply& reply, v1::OpenReply* out) {
  return TakeIf(reply.has_open(), &v1::Reply::mutable_open, reply, out);
}
bool TakeReply(v1::Reply& reply, v1::ArrayInfo* out) {
  return TakeIf(reply.has_array(), &v1::Reply::mutable_array, reply, out);
}
bool TakeReply(v1::Reply& reply, v1::ListReply* out) {
  return TakeIf(reply.has_list(), &v1::Reply::mutable_list, reply, out);
}
bool TakeReply(v1::Reply& reply, v1::ApplyReply* out) {
  return TakeIf(reply.has_apply(), &v1::Reply::mutable_apply, reply, out);
}
bool TakeReply(v1::Reply& reply, v1::ServerInfo* out) {
  return TakeIf(reply.has_info(), &v1::Reply::mutable_info, reply, out);
}
bool TakeReply(v1::Reply& reply, v1::FunctionsReply* out) {
  return TakeIf(reply.has_functions(), &v1::Reply::mutable_functions, reply, out);
}
bool TakeReply(v1::Reply& reply, v1::ComputeReply* out) {
  return TakeIf(reply.has_compute(), &v1::Reply::mutable_compute, reply, out);
}

}  // namespace distarray::server
