/* What the files of this board offer one another. */
#ifndef PARTS_H
#define PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "wormctl_messages.h"

void servo_start(void);
void serial_start(void);
bool serial_waiting(void); /* whether a byte has come that nobody has taken */
void analog_start(void);

/* The newest sweep: sums of so many conversions of 10 bits. */
#define NOSE_SAMPLES 64
#define VOLTAGE_SAMPLES 16
enum analog { ANALOG_NOSE_LEFT, ANALOG_NOSE_RIGHT, ANALOG_SERVO, ANALOG_LOGIC, ANALOGS };
#define VOLTAGE_FULL (VOLTAGE_SAMPLES * 1023UL)
_Static_assert(NOSE_SAMPLES * 1023UL == NOSE_FULL, "what the table of messages says of a nose");

uint16_t analog_sum(uint8_t which);

#endif
