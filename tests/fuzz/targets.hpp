#pragma once

// Whatever parses bytes that came from elsewhere, each as one function of bytes. A fuzzer calls it
// with what it makes up, corpus_test with what was saved. A promise that does not hold aborts.

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"

namespace stepwell::fuzz {

// A frame's bytes, as from a socket or a spool: header, payload, every message.
void frame(Bytes input);
// A script of frames to the fold, which must say the same however much it remembers.
void apply(Bytes input);
// A closed log whose files are edited, then opened: damage is named, never believed.
void log(Bytes input);
// A spool segment: whatever is damaged in it is told from what is sound.
void spool(Bytes input);
// A column: decoded as it is, and as items encoded and decoded again.
void codec(Bytes input);
// What the index holds of points: a chunk, a directory row, a tail list, a part of a tail.
void store(Bytes input);
// A filter, an order_by term and a page token of a search.
void search(Bytes input);
// A request however it is cut, and arguments in a body and in a query.
void http(Bytes input);

using Target = void (*)(Bytes);

}  // namespace stepwell::fuzz
