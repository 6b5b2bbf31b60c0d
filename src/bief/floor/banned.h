/*
 * banned: what the C library has and we do not use, in front of every file (see
 * the Makefile): who writes a name below gets an error from the compiler.
 *
 * Texts have a length, so that nothing is written without a bound: buf.h,
 * snprintf(), memcpy().  Numbers in texts are checked: number_int() of number.h,
 * strtol() where the digits have been looked at.  Times do not depend on the
 * process' own zone: time/.
 */
#ifndef BIEF_BANNED_H
#define BIEF_BANNED_H

/* They are declared first: their headers use the names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) banned_##name##_see_floor_banned_h

#undef strcpy
#define strcpy(...) BANNED(strcpy)
#undef strcat
#define strcat(...) BANNED(strcat)
#undef strncpy
#define strncpy(...) BANNED(strncpy)
#undef strtok
#define strtok(...) BANNED(strtok)
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)
#undef gets
#define gets(...) BANNED(gets)
#undef atoi
#define atoi(...) BANNED(atoi)
#undef atol
#define atol(...) BANNED(atol)
#undef localtime
#define localtime(...) BANNED(localtime)
#undef gmtime
#define gmtime(...) BANNED(gmtime)
#undef ctime
#define ctime(...) BANNED(ctime)
#undef asctime
#define asctime(...) BANNED(asctime)

#endif
