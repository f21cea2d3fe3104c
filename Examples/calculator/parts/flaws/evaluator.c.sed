/case '%':/,/break;/{
/division by zero/d
}
