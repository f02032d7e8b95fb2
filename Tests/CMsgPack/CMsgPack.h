/* Debian's msgpack-c, another encoder and decoder to compare ours with: apt-get install libmsgpack-dev */
#include <msgpack.h>
