/*
 * version: what --version says.
 */
#ifndef BIEF_VERSION_H
#define BIEF_VERSION_H

#define BIEF_VERSION "0.7"

#endif
