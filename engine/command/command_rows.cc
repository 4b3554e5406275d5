// How commands on rows by number, mask and bin are written and read.
#include "engine/command/encoding.h"

namespace distarray {
// Not in an unnamed namespace: lists of these find them by their arguments.
static void Put(ByteWriter& out, const SelectRows::Take& take) {
  Put(out, take.source);
  Put(out, take.destination);
}

static void Put(ByteWriter& out, const SelectRows::Number& number) {
  out.PutVector(number.divisors);
  out.PutVector(number.sizes);
  Put(out, number.destination);
}

static void Put(ByteWriter& out, const RowChoice& choice) {
  PutList(out, choice.indices);
  out.PutVector(choice.sizes);
  out.PutVector(choice.axes);
}

void PutBody(ByteWriter& out, const CheckRows& body) {
  Put(out, body.choice);
  PutList(out, body.needed);
}

void PutBody(ByteWriter& out, const TakeRows& body) {
  Put(out, body.source);
  Put(out, body.choice);
  out.Put(body.row_elements);
  Put(out, body.destination);
}

void PutBody(ByteWriter& out, const PutRows& body) {
  Put(out, body.choice);
  out.Put(body.row_elements);
  Put(out, body.values);
  out.PutString(body.fill);
  Put(out, body.destination);
}

void PutBody(ByteWriter& out, const TakeAlong& body) {
  Put(out, body.source);
  out.Put(body.axis);
  Put(out, body.choice);
  Put(out, body.destination);
}

void PutBody(ByteWriter& out, const PutAlong& body) {
  out.Put(body.axis);
  Put(out, body.choice);
  Put(out, body.values);
  out.PutString(body.fill);
  Put(out, body.destination);
}

void PutBody(ByteWriter& out, const TakeAligned& body) {
  Put(out, body.source);
  out.Put(body.axis);
  Put(out, body.indices);
  Put(out, body.destination);
}

void PutBody(ByteWriter& out, const CountSelected& body) { Put(out, body.mask); }

void PutBody(ByteWriter& out, const SelectRows& body) {
  Put(out, body.mask);
  PutList(out, body.takes);
  PutList(out, body.numbers);
}

void PutBody(ByteWriter& out, const PutSelected& body) {
  Put(out, body.mask);
  Put(out, body.values);
  Put(out, body.destination);
}

void PutBody(ByteWriter& out, const CountBins& body) {
  Put(out, body.values);
  Put(out, body.weights);
  Put(out, body.edges);
  Put(out, body.destination);
}

void GetBody(Decoder& in, CheckRows& body) {
  body.choice = in.GetRowChoice();
  body.needed = in.GetList<BufferView>([&in] { return in.GetBufferView(); });
}

void GetBody(Decoder& in, TakeRows& body) {
  body.source = in.GetBufferView();
  body.choice = in.GetRowChoice();
  body.row_elements = in.in().Get<std::int64_t>();
  body.destination = in.GetNewBuffer();
}

void GetBody(Decoder& in, PutRows& body) {
  body.choice = in.GetRowChoice();
  body.row_elements = in.in().Get<std::int64_t>();
  body.values = in.GetOptionalView();
  body.fill = in.in().GetString();
  body.destination = in.GetBufferView();
}

void GetBody(Decoder& in, TakeAlong& body) {
  body.source = in.GetBufferView();
  body.axis = in.in().Get<int>();
  body.choice = in.GetRowChoice();
  body.destination = in.GetNewBuffer();
}

void GetBody(Decoder& in, PutAlong& body) {
  body.axis = in.in().Get<int>();
  body.choice = in.GetRowChoice();
  body.values = in.GetOptionalView();
  body.fill = in.in().GetString();
  body.destination = in.GetBufferView();
}

void GetBody(Decoder& in, TakeAligned& body) {
  body.source = in.GetBufferView();
  body.axis = in.in().Get<int>();
  body.indices = in.GetBufferView();
  body.destination = in.GetNewBuffer();
}

void GetBody(Decoder& in, CountSelected& body) { body.mask = in.GetBufferView(); }

void GetBody(Decoder& in, SelectRows& body) {
  body.mask = in.GetBufferView();
  body.takes = in.GetList<SelectRows::Take>([&in] {
    SelectRows::Take take;
    take.source = in.GetBufferView();
    take.destination = in.GetNewBuffer();
    return take;
  });
  body.numbers = in.GetList<SelectRows::Number>([&in] {
    SelectRows::Number number;
    number.divisors = in.in().GetVector<std::int64_t>();
    number.sizes = in.in().GetVector<std::int64_t>();
    number.destination = in.GetNewBuffer();
    if (number.divisors.size() != number.sizes.size()) {
      in.Reject();
    }
    return number;
  });
}

void GetBody(Decoder& in, PutSelected& body) {
  body.mask = in.GetBufferView();
  body.values = in.GetBufferView();
  body.destination = in.GetBufferView();
}

void GetBody(Decoder& in, CountBins& body) {
  body.values = in.GetBufferView();
  body.weights = in.GetOptionalView();
  body.edges = in.GetOptionalView();
  body.destination = in.GetNewBuffer();
}

}  // namespace distarray
