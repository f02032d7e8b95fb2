/* Which Swift compiler builds this package, for the stamp of a plugin and for `-version`. */
#ifndef SWIFT_VERSION_H
#define SWIFT_VERSION_H

/* build.sh gives the full version; a plain `swift build` knows what Package.swift can tell. */
#ifndef KONG_SWIFT_VERSION
#define KONG_SWIFT_VERSION KONG_SWIFT_VERSION_FALLBACK
#endif

/* As "6.3.1". */
const char *kong_swift_version(void);

#endif
