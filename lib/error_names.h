/*
 * Why something could not be read, as scripts are told: `EACCES`. (strerrorname_np is glibc 2.32's
 * alone, and strerror speaks the locale's language.)
 */
#ifndef PT_ERROR_NAMES_H
#define PT_ERROR_NAMES_H

#define PT_ERROR_NAME_SIZE 16

/* The constant's name of a positive errno; `E123` for one that no reader of ours can meet. Returns
 * BUFFER. */
const char *pt_error_name(int error, char buffer[PT_ERROR_NAME_SIZE]);

#endif
