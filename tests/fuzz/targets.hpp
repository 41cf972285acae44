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

using Target = void (*)(Bytes);

}  // namespace stepwell::fuzz
