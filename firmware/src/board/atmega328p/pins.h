/* Which pin does what on an Arduino Nano or Uno: the firmware's side of hardware/wiring.dot. */
#ifndef PINS_H
#define PINS_H

#include <avr/io.h>

/* Joints 0-5 on PD2-PD7 (D2-D7), joints 6-10 on PB0-PB4 (D8-D12), joint 11 on PC5 (A5). None is on PB5 (D13):
 * every bootloader blinks it, for as long as 100 ms, before the firmware begins. */
#define BANK_JOINTS 6
#define SERVOS_D 0xfc
#define SERVOS_B 0x1f
#define SERVOS_C 0x20

/* Inputs with pull-ups, on port C: closed is low. The e-stop is closed while all is well. */
#define CONTACT_HEAD_PIN PINC2 /* A2 */
#define CONTACT_TAIL_PIN PINC3 /* A3 */
#define ESTOP_PIN PINC4        /* A4 */
#define LAMP_PIN PORTB5        /* D13, the board's own: lit while there are pulses */

/* Analogue channels. Voltages come through dividers of 20 and 10 kiloohm. */
#define ADC_NOSE_LEFT 0  /* A0 */
#define ADC_NOSE_RIGHT 1 /* A1 */
#define ADC_SERVO 6      /* A6 */
#define ADC_LOGIC 7      /* A7 */
#define DIVIDED_FULL_MV 15000UL

#endif
