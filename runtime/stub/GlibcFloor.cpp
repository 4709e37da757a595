// Keeps the stub startable on glibc 2.34 (design decision 12).
//
// The unwinder in the static libgcc of newer systems asks glibc 2.35's
// _dl_find_object first and, where it finds nothing, walks the program headers
// as before. Nothing here unwinds, so nothing is lost by the longer way.
struct dl_find_object;

extern "C" __attribute__((visibility("hidden"))) int
_dl_find_object(void *, dl_find_object *) {
  return -1;
}
